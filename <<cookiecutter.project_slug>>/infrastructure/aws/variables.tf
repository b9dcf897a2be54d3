variable "region" {
  description = "Where everything is made, such as eu-central-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of one, such as eu-central-1."
  }
}

variable "name" {
  description = "What everything is named after."
  type        = string
  default     = "<< cookiecutter.project_slug | replace('_', '-') >>"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.name))
    error_message = "name must be 1 to 40 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "bucket" {
  description = "Name of the bucket. No other bucket in the world may have it."
  type        = string
  default     = "<< cookiecutter.project_slug | replace('_', '-') >>-dvc"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket must be 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "days_of_old_versions" {
  description = "How long what was deleted from the bucket can be had back."
  type        = number
  default     = 90

  validation {
    condition     = var.days_of_old_versions >= 1 && floor(var.days_of_old_versions) == var.days_of_old_versions
    error_message = "days_of_old_versions must be a whole number of at least one."
  }
}
<% if cookiecutter.maturity_level != "0" %>
<% if cookiecutter.ci_provider == "github" %>

variable "repository" {
  description = "The repository on GitHub, as the subject of its tokens names it; see docs/cloud.md."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+(@[0-9]+)?/[A-Za-z0-9._-]+(@[0-9]+)?$", var.repository))
    error_message = "repository must be owner@id/name@id, or owner/name of a repository from before July 15, 2026."
  }
}
<% elif cookiecutter.ci_provider == "gitlab" %>

variable "repository" {
  description = "The project on GitLab: its path, such as group/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+$", var.repository))
    error_message = "repository must be the path of a project, such as group/name."
  }
}

variable "gitlab_url" {
  description = "The GitLab that it is on."
  type        = string
  default     = "https://gitlab.com"

  validation {
    condition     = can(regex("^https://[^/?#*]+(/[^/?#*]+)*$", var.gitlab_url))
    error_message = "gitlab_url must begin with https:// and not end with a slash."
  }
}
<% else %>

variable "jenkins_url" {
  description = "Address of Jenkins, as its jobs know it."
  type        = string

  validation {
    condition     = can(regex("^https://[^/?#*]+(/[^/?#*]+)*$", var.jenkins_url))
    error_message = "jenkins_url must begin with https:// and not end with a slash."
  }
}

variable "jenkins_issuer" {
  description = "The issuer that the id token credential of Jenkins shows; null is the one of Jenkins itself."
  type        = string
  default     = null

  validation {
    condition     = var.jenkins_issuer == null || can(regex("^https://[^/?#*]+(/[^/?#*]+)*$", var.jenkins_issuer))
    error_message = "jenkins_issuer must begin with https:// and not end with a slash."
  }
}

variable "jobs" {
  description = "The jobs of Jenkins in each environment: folder/job, and folder/job/branch of a multibranch job."
  type        = map(list(string))
  default = {
<% set slug = cookiecutter.project_slug %>
<% if cookiecutter.maturity_level == "2" %>
    automation   = ["<< slug >>/main/branches/main", "<< slug >>/main/dependencies", "<< slug >>/main/monitor", "<< slug >>/main/train"]
    dependencies = ["<< slug >>/main/dependencies"]
    production   = ["<< slug >>/main/promote", "<< slug >>/main/rollback", "<< slug >>/main/train"]
    staging      = ["<< slug >>/main/branches/main", "<< slug >>/main/rollback", "<< slug >>/main/stop", "<< slug >>/main/train", "<< slug >>/main/verify"]
    test         = ["<< slug >>/test/branches/develop", "<< slug >>/main/rollback", "<< slug >>/main/stop"]
<% else %>
    dependencies = ["<< slug >>/main/dependencies"]
    production   = ["<< slug >>/main/dependencies", "<< slug >>/main/train"]
<% endif %>
  }

  validation {
    condition = alltrue([
      for jobs in values(var.jobs) : length(jobs) > 0 && alltrue([for job in jobs : can(regex("^[^/*?]+(/[^/*?]+)*$", job))])
    ])
    error_message = "jobs must be names such as folder/job, without wildcards."
  }
}
<% endif %>

variable "oidc_provider_arn" {
  description = "The identity provider of this issuer, if the account has it already: it can have but one. Null makes it."
  type        = string
  default     = null
}
<% endif %>
