# The DVC remote: data and models. DVC names a file by its content and never changes one, so an old version is there only
# of what somebody deleted: it can be had back until it expires. Google encrypts all that it keeps.

resource "google_storage_bucket" "storage" {
  name                        = var.bucket
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  lifecycle_rule {
    condition {
      days_since_noncurrent_time = var.days_of_old_versions
    }

    action {
      type = "Delete"
    }
  }

  lifecycle_rule {
    condition {
      age = 7
    }

    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}
