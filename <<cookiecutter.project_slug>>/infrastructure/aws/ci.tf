# What CI may do, and who CI is: a job shows a token that its provider signed, and gets credentials for a while.

locals {
<% if cookiecutter.ci_provider == "github" %>
  issuer = "token.actions.githubusercontent.com"

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
  issuer = trimprefix(var.gitlab_url, "https://")

  # No other branch is among them: whoever opens a merge request runs code that nobody has read.
  subjects = [
    "project_path:${var.repository}:ref_type:branch:ref:main",
<% if cookiecutter.maturity_level == "2" %>
    "project_path:${var.repository}:ref_type:branch:ref:develop",
<% endif %>
  ]

<% else %>
  issuer = trimprefix(coalesce(var.jenkins_issuer, "${var.jenkins_url}/oidc"), "https://")

  # The address of each job. No pull request is among them: whoever opens one runs code that nobody has read.
  subjects = [for job in var.jobs : "${var.jenkins_url}/job/${replace(job, "/", "/job/")}/"]

<% endif %>
<% if cookiecutter.ci_provider == "gitlab" %>
  audience      = var.gitlab_url
<% else %>
  audience      = "sts.amazonaws.com"
<% endif %>
  oidc_provider = coalesce(var.oidc_provider_arn, one(aws_iam_openid_connect_provider.ci[*].arn))
}

resource "aws_iam_openid_connect_provider" "ci" {
  count = var.oidc_provider_arn == null ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = [local.audience]
}

resource "aws_iam_role" "ci" {
  name                 = "${var.name}-ci"
  max_session_duration = 7200 # seconds: a training may take two hours

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = local.oidc_provider }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${local.issuer}:aud" = local.audience
          "${local.issuer}:sub" = local.subjects
        }
      }
    }]
  })
}

# Nothing is deleted: what only `dvc gc` needs, a person does.
resource "aws_iam_role_policy" "storage" {
  name = "storage"
  role = aws_iam_role.ci.id

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
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
        Resource = "${aws_s3_bucket.storage.arn}/*"
      },
    ]
  })
}
<% if cookiecutter.maturity_level == "2" or cookiecutter.deploy_target == "kubernetes" %>

# A tag stays what it was, and each image is scanned when it comes.
resource "aws_ecr_repository" "images" {
<% if cookiecutter.maturity_level == "2" %>
  for_each = toset(["service", "service-pipeline"])

  name                 = "${var.name}/${each.key}"
<% else %>
  name                 = "${var.name}/service"
<% endif %>
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "AES256"
  }
}

resource "aws_iam_role_policy" "images" {
  name = "images"
  role = aws_iam_role.ci.id

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
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:CompleteLayerUpload",
          "ecr:GetDownloadUrlForLayer",
          "ecr:InitiateLayerUpload",
          "ecr:PutImage",
          "ecr:UploadLayerPart",
        ]
<% if cookiecutter.maturity_level == "2" %>
        Resource = values(aws_ecr_repository.images)[*].arn
<% else %>
        Resource = aws_ecr_repository.images.arn
<% endif %>
      },
    ]
  })
}
<% endif %>
