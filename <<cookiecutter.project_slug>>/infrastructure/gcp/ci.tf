# What CI may do, and who CI is: a job shows a token that its provider signed, and is a service account for a while.

locals {
<% if cookiecutter.ci_provider == "github" %>
  issuer = "https://token.actions.githubusercontent.com"

  # Each environment takes certain branches only, and no pull request: whoever opens one runs code that nobody has read.
  subjects = [
    "repo:${var.repository}:environment:dependencies",
    "repo:${var.repository}:environment:production",
<% if cookiecutter.maturity_level == "2" %>
    "repo:${var.repository}:environment:automation",
    "repo:${var.repository}:environment:staging",
    "repo:${var.repository}:environment:test",
<% endif %>
  ]
<% elif cookiecutter.ci_provider == "gitlab" %>
  issuer = var.gitlab_url

  # No other branch is among them: whoever opens a merge request runs code that nobody has read.
  subjects = [
    "project_path:${var.repository}:ref_type:branch:ref:main",
<% if cookiecutter.maturity_level == "2" %>
    "project_path:${var.repository}:ref_type:branch:ref:develop",
<% endif %>
  ]
<% else %>
  issuer = coalesce(var.jenkins_issuer, "${var.jenkins_url}/oidc")

  # The address of each job. No pull request is among them: whoever opens one runs code that nobody has read.
  subjects = [for job in var.jobs : "${var.jenkins_url}/job/${replace(job, "/", "/job/")}/"]
<% endif %>
}

resource "google_iam_workload_identity_pool" "ci" {
  workload_identity_pool_id = "ci-${var.name}"
}

resource "google_iam_workload_identity_pool_provider" "ci" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.ci.workload_identity_pool_id
  workload_identity_pool_provider_id = "<< cookiecutter.ci_provider >>"

  attribute_mapping   = { "google.subject" = "assertion.sub" }
  attribute_condition = join(" || ", [for subject in local.subjects : "assertion.sub == ${jsonencode(subject)}"])

  oidc {
<% if cookiecutter.ci_provider == "gitlab" %>
    issuer_uri        = local.issuer
    allowed_audiences = [var.gitlab_url]
<% else %>
    issuer_uri = local.issuer
<% endif %>
  }

  lifecycle {
    precondition {
      condition     = alltrue([for subject in local.subjects : length(subject) <= 127])
      error_message = "Google takes no subject of more than 127 characters: ${join(", ", local.subjects)}."
    }
  }
}

resource "google_service_account" "ci" {
  account_id   = "${var.name}-ci-jobs"
  display_name = "CI of ${var.name}"
}

resource "google_service_account_iam_member" "ci" {
  for_each = toset(local.subjects)

  service_account_id = google_service_account.ci.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.ci.name}/subject/${each.key}"
}

# Nothing is deleted or replaced: what only `dvc gc` needs, a person does.
resource "google_storage_bucket_iam_member" "ci" {
  for_each = toset(["roles/storage.objectCreator", "roles/storage.objectViewer"])

  bucket = google_storage_bucket.storage.name
  role   = each.key
  member = google_service_account.ci.member
}
<% if cookiecutter.maturity_level == "2" or cookiecutter.deploy_target == "kubernetes" %>

# A tag stays what it was. Images are scanned where the project has the Container Scanning API.
resource "google_artifact_registry_repository" "images" {
  repository_id = var.name
  location      = var.region
  format        = "DOCKER"

  docker_config {
    immutable_tags = true
  }

  vulnerability_scanning_config {
    enablement_config = "INHERITED"
  }
}

resource "google_artifact_registry_repository_iam_member" "ci" {
  repository = google_artifact_registry_repository.images.name
  location   = google_artifact_registry_repository.images.location
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.ci.member
}
<% endif %>
