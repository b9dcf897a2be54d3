# What CI may do, and who CI is: a job shows a token that its provider signed, and gets credentials for a while. Each
# environment has a role of its own, so what one of them runs cannot write what the others believe.

<% set level = cookiecutter.maturity_level | int %>
<% set images = level == 2 or cookiecutter.deploy_target == "kubernetes" %>
locals {
<% if level == 2 %>
  # New packages and what develop runs have been read by nobody.
  roles = {
    automation   = { adds_data = true, pushes = ["service", "service-pipeline"], pulls = [] }
    dependencies = { adds_data = false, pushes = [], pulls = [] }
    production   = { adds_data = false, pushes = [], pulls = ["service"] }
    staging      = { adds_data = false, pushes = [], pulls = ["service"] }
    test         = { adds_data = false, pushes = ["service-test"], pulls = [] }
  }
<% else %>
  # New packages have been read by nobody.
  roles = {
    dependencies = { adds_data = false, pushes = [], pulls = [] }
    production   = { adds_data = true, pushes = [<< '"service"' if images else "" >>], pulls = [] }
  }
<% endif %>

<% if cookiecutter.ci_provider == "github" %>
  issuer = "token.actions.githubusercontent.com"

  # Each environment takes certain branches only, and no pull request: whoever opens one runs code that nobody has read.
  subjects  = { for name in keys(local.roles) : name => ["repo:${var.repository}:environment:${name}"] }
  audiences = { for name in keys(local.roles) : name => "sts.amazonaws.com" }
<% elif cookiecutter.ci_provider == "gitlab" %>
  issuer = trimprefix(var.gitlab_url, "https://")

  # No other branch is among them: whoever opens a merge request runs code that nobody has read.
  branches = { for name in keys(local.roles) : name => name == "test" ? "develop" : "main" }
  subjects = { for name, branch in local.branches : name => ["project_path:${var.repository}:ref_type:branch:ref:${branch}"] }

  # Packages that nobody has read run on main, too: their job shows a token for another audience.
  audiences = { for name in keys(local.roles) : name => name == "dependencies" ? name : var.gitlab_url }
<% else %>
  issuer = trimprefix(coalesce(var.jenkins_issuer, "${var.jenkins_url}/oidc"), "https://")

  # The address of each job. No pull request is among them: whoever opens one runs code that nobody has read.
  subjects = {
    for name in keys(local.roles) :
    name => [for job in var.jobs[name] : "${var.jenkins_url}/job/${replace(job, "/", "/job/")}/"]
  }
  audiences = { for name in keys(local.roles) : name => "sts.amazonaws.com" }
<% endif %>

  oidc_provider = coalesce(var.oidc_provider_arn, one(aws_iam_openid_connect_provider.ci[*].arn))
}

resource "aws_iam_openid_connect_provider" "ci" {
  count = var.oidc_provider_arn == null ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = distinct(values(local.audiences))
}

resource "aws_iam_role" "ci" {
  for_each = local.roles

  name                 = "${var.name}-${each.key}"
  max_session_duration = 7200 # seconds: a training may take two hours

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = local.oidc_provider }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${local.issuer}:aud" = local.audiences[each.key]
          "${local.issuer}:sub" = local.subjects[each.key]
        }
      }
    }]
  })
}

# Nothing is deleted: what only `dvc gc` needs, a person does. DVC keeps all in files/.
resource "aws_iam_role_policy" "storage" {
  for_each = local.roles

  name = "storage"
  role = aws_iam_role.ci[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
        Resource = aws_s3_bucket.storage.arn
      },
      {
        Effect   = "Allow"
        Action   = concat(["s3:GetObject"], each.value.adds_data ? local.adding_data : [])
        Resource = "${aws_s3_bucket.storage.arn}/files/*"
      },
    ]
  })
}

locals {
  adding_data = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
}
<% if images %>

# A tag stays what it was, and each image is scanned when it comes. What develop builds lies apart.
resource "aws_ecr_repository" "images" {
  for_each = toset(flatten(values(local.roles)[*].pushes))

  name                 = "${var.name}/${each.key}"
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "AES256"
  }
}

locals {
  pulling = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
  pushing = ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
}

resource "aws_iam_role_policy" "images" {
  for_each = { for name, role in local.roles : name => role if length(concat(role.pushes, role.pulls)) > 0 }

  name = "images"
  role = aws_iam_role.ci[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # It names no repository: the password is for all that the role may do.
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Effect   = "Allow"
        Action   = concat(local.pulling, length(each.value.pushes) > 0 ? local.pushing : [])
        Resource = [for name in concat(each.value.pushes, each.value.pulls) : aws_ecr_repository.images[name].arn]
      },
    ]
  })
}
<% endif %>
