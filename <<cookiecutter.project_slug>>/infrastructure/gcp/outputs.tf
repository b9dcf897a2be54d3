output "DVC_REMOTE" {
  description = "The address of the DVC remote, for .dvc/config."
  value       = "gs://${google_storage_bucket.storage.name}"
}
<% if cookiecutter.maturity_level != "0" %>

output "GCP_WORKLOAD_IDENTITY_PROVIDER" {
  description = "What the tokens of CI are shown to."
  value       = google_iam_workload_identity_pool_provider.ci.name
}

output "GCP_SERVICE_ACCOUNT" {
  description = "The service account that CI is in each environment."
  value       = { for name, account in google_service_account.ci : name => account.email }
}
<% if cookiecutter.maturity_level == "2" or cookiecutter.deploy_target == "kubernetes" %>

output "IMAGE_REPOSITORY" {
  description = "Where images are kept."
  value       = "${google_artifact_registry_repository.images["service"].registry_uri}/service"
}
<% endif %>
<% if cookiecutter.maturity_level == "2" %>

output "IMAGE_REPOSITORY_TEST" {
  description = "Where images of develop are kept, for the environment test."
  value       = "${google_artifact_registry_repository.images["test"].registry_uri}/service"
}
<% endif %>
<% endif %>
