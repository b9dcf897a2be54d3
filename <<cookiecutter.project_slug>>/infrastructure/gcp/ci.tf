# What CI may do, and who CI is: a job shows a token that its provider signed, and is a service account for a while. Each
# environment has an account of its own, so what one of them runs cannot write what the others believe.

<% set level = cookiecutter.maturity_level | int %>
<% set images = level == 2 or cookiecutter.deploy_target == "kubernetes" %>
locals {
<% if level == 2 %>
  # New packages and what develop runs have been read by nobody.
  accounts = {
    automation   = { id = "auto", adds_data = true, pushes = ["service"], pulls = [] }
    dependencies = { id = "deps", adds_data = false, pushes = [], pulls = [] }
    production   = { id = "prod", adds_data = false, pushes = [], pulls = ["service"] }
    staging      = { id = "stage", adds_data = false, pushes = [], pulls = ["service"] }
    test         = { id = "test", adds_data = false, pushes = ["test"], pulls = [] }
  }
<% else %>
  # New packages have been read by nobody.
  accounts = {
    dependencies = { id = "deps", adds_data = false, pushes = [], pulls = [] }
    production   = { id = "prod", adds_data = true, pushes = [<< '"service"' if images else "" >>], pulls = [] }
  }
<% endif %>

<% if cookiecutter.ci_provider == "github" %>
  issuer = "https://token.actions.githubusercontent.com"

  # Each environment takes certain branches only, and no pull request: whoever opens one runs code that nobody has read.
  subjects = { for name in keys(local.accounts) : name => ["repo:${var.repository}:environment:${name}"] }
<% elif cookiecutter.ci_provider == "gitlab" %>
  issuer = var.gitlab_url

  # No other branch is among them: whoever opens a merge request runs code that nobody has read. Packages that nobody
  # has read run on main, too: their job shows a token for another audience.
  branches = { for name in keys(local.accounts) : name => name == "test" ? "develop" : "main" }
  subjects = {
    for name, branch in local.branches :
    name => ["${name == "dependencies" ? "dependencies:" : ""}project_path:${var.repository}:ref_type:branch:ref:${branch}"]
  }
<% else %>
  issuer = coalesce(var.jenkins_issuer, "${var.jenkins_url}/oidc")

  # The address of each job. No pull request is among them: whoever opens one runs code that nobody has read.
  subjects = {
    for name in keys(local.accounts) :
    name => [for job in var.jobs[name] : "${var.jenkins_url}/job/${replace(job, "/", "/job/")}/"]
  }
<% endif %>

  all_subjects = distinct(flatten(values(local.subjects)))
<% if cookiecutter.ci_provider == "gitlab" %>
  claims       = distinct([for subject in local.all_subjects : trimprefix(subject, "dependencies:")])
<% else %>
  claims       = local.all_subjects
<% endif %>
}

resource "google_iam_workload_identity_pool" "ci" {
  workload_identity_pool_id = "ci-${var.name}"
}

resource "google_iam_workload_identity_pool_provider" "ci" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.ci.workload_identity_pool_id
  workload_identity_pool_provider_id = "<< cookiecutter.ci_provider >>"

<% if cookiecutter.ci_provider == "gitlab" %>
  attribute_mapping = {
    "google.subject" = "(assertion.aud == 'dependencies' ? 'dependencies:' : '') + assertion.sub"
  }
<% else %>
  attribute_mapping   = { "google.subject" = "assertion.sub" }
<% endif %>
  attribute_condition = join(" || ", [for subject in local.claims : "assertion.sub == ${jsonencode(subject)}"])

  oidc {
<% if cookiecutter.ci_provider == "gitlab" %>
    issuer_uri        = local.issuer
    allowed_audiences = [var.gitlab_url, "dependencies"]
<% else %>
    issuer_uri = local.issuer
<% endif %>
  }

  lifecycle {
    precondition {
      condition     = alltrue([for subject in local.all_subjects : length(subject) <= 127])
      error_message = "Google takes no subject of more than 127 characters: ${join(", ", local.all_subjects)}."
    }
  }
}

resource "google_service_account" "ci" {
  for_each = local.accounts

  account_id   = "${var.name}-${each.value.id}"
  display_name = "CI of ${var.name}: ${each.key}"
}

resource "google_service_account_iam_member" "ci" {
  for_each = merge([
    for name, subjects in local.subjects : { for subject in subjects : "${name} ${subject}" => [name, subject] }
  ]...)

  service_account_id = google_service_account.ci[each.value[0]].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.ci.name}/subject/${each.value[1]}"
}

# Nothing is deleted or replaced: what only `dvc gc` needs, a person does. DVC keeps all in files/.
resource "google_storage_bucket_iam_member" "reads" {
  for_each = local.accounts

  bucket = google_storage_bucket.storage.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.ci[each.key].member
}

resource "google_storage_bucket_iam_member" "adds" {
  for_each = { for name, account in local.accounts : name => account if account.adds_data }

  bucket = google_storage_bucket.storage.name
  role   = "roles/storage.objectCreator"
  member = google_service_account.ci[each.key].member

  condition {
    title      = "files"
    expression = "resource.name.startsWith(\"projects/_/buckets/${var.bucket}/objects/files/\")"
  }
}
<% if images %>

# A tag stays what it was. Images are scanned where the project has the Container Scanning API. What develop builds lies
# apart.
resource "google_artifact_registry_repository" "images" {
  for_each = toset(flatten(values(local.accounts)[*].pushes))

  repository_id = each.key == "service" ? var.name : "${var.name}-${each.key}"
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
  for_each = merge([
    for name, account in local.accounts : merge(
      { for repository in account.pushes : "${name} pushes ${repository}" => [name, repository, "writer"] },
      { for repository in account.pulls : "${name} pulls ${repository}" => [name, repository, "reader"] },
    )
  ]...)

  repository = google_artifact_registry_repository.images[each.value[1]].name
  location   = google_artifact_registry_repository.images[each.value[1]].location
  role       = "roles/artifactregistry.${each.value[2]}"
  member     = google_service_account.ci[each.value[0]].member
}
<% endif %>
