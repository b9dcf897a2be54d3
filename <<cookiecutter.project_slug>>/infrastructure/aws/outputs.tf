output "DVC_REMOTE" {
  description = "The address of the DVC remote, for .dvc/config."
  value       = "s3://${aws_s3_bucket.storage.bucket}"
}
<% if cookiecutter.maturity_level != "0" %>

output "AWS_ROLE" {
  description = "The role that CI takes in each environment."
  value       = { for name, role in aws_iam_role.ci : name => role.arn }
}

output "AWS_REGION" {
  description = "Where it all is."
  value       = var.region
}
<% if cookiecutter.maturity_level == "2" or cookiecutter.deploy_target == "kubernetes" %>

output "IMAGE_REPOSITORY" {
  description = "Where images are kept."
  value       = aws_ecr_repository.images["service"].repository_url
}
<% endif %>
<% if cookiecutter.maturity_level == "2" %>

output "IMAGE_REPOSITORY_TEST" {
  description = "Where images of develop are kept, for the environment test."
  value       = aws_ecr_repository.images["service-test"].repository_url
}
<% endif %>
<% endif %>
