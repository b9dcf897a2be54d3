output "DVC_REMOTE" {
  description = "The address of the DVC remote, for .dvc/config."
  value       = "s3://${aws_s3_bucket.storage.bucket}"
}
<% if cookiecutter.maturity_level != "0" %>

output "AWS_ROLE" {
  description = "The role that CI takes."
  value       = aws_iam_role.ci.arn
}

output "AWS_REGION" {
  description = "Where it all is."
  value       = var.region
}
<% if cookiecutter.maturity_level == "2" or cookiecutter.deploy_target == "kubernetes" %>

output "IMAGE_REPOSITORY" {
  description = "Where images are kept."
<% if cookiecutter.maturity_level == "2" %>
  value       = aws_ecr_repository.images["service"].repository_url
<% else %>
  value       = aws_ecr_repository.images.repository_url
<% endif %>
}
<% endif %>
<% endif %>
