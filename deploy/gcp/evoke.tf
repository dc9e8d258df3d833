# Evoke on Cloud Run, with an index in the image (docs/cloud.md). A new index is a new image, and so a new revision.

terraform {
  required_version = ">= 1.5"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.0"
    }
  }
}

variable "project" {
  type = string
}

variable "region" {
  type    = string
  default = "europe-west1"
}

variable "image" {
  type        = string
  description = "The image `baked`, by its digest: .../evoke@sha256:..."
}

variable "min_instances" {
  type        = number
  default     = 1
  description = "With 0, the first request after a pause waits for a start"
}

variable "max_instances" {
  type    = number
  default = 5
}

variable "public" {
  type        = bool
  default     = false
  description = "Whether requests need no identity of Google Cloud; a key is needed in any case"
}

variable "notification_channels" {
  type        = list(string)
  default     = []
  description = "Channels of Cloud Monitoring that alerts are sent to"
}

provider "google" {
  project = var.project
  region  = var.region
}

resource "google_service_account" "evoke" {
  account_id   = "evoke-run"
  display_name = "Evoke on Cloud Run"
}

# The key is added by hand, so that no state of Terraform holds it:
#   openssl rand -hex 24 | tr -d '\n' | gcloud secrets versions add evoke-api-key --data-file=-
resource "google_secret_manager_secret" "api_key" {
  secret_id = "evoke-api-key"
  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_iam_member" "api_key" {
  secret_id = google_secret_manager_secret.api_key.id
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${google_service_account.evoke.email}"
}

resource "google_cloud_run_v2_service" "evoke" {
  name                = "evoke"
  location            = var.region
  ingress             = "INGRESS_TRAFFIC_ALL"
  deletion_protection = true
  depends_on          = [google_secret_manager_secret_iam_member.api_key]

  template {
    service_account                  = google_service_account.evoke.email
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    max_instance_request_concurrency = 32 # searches wait in Evoke's own queue, which refuses what it cannot answer in time
    timeout                          = "30s"

    scaling {
      min_instance_count = var.min_instances
      max_instance_count = var.max_instances
    }

    containers {
      image = var.image
      args  = ["--workers", "2"]

      resources {
        # The files of the index are in memory too: Cloud Run has no disk.
        limits = {
          cpu    = "2"
          memory = "4Gi"
        }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      ports {
        container_port = 8000
      }

      env {
        name  = "EVOKE_LOG_FORMAT"
        value = "json"
      }
      env {
        name = "EVOKE_API_KEY"
        value_source {
          secret_key_ref {
            secret  = google_secret_manager_secret.api_key.secret_id
            version = "latest"
          }
        }
      }

      # A revision gets requests when it can search, and keeps them while its front process answers.
      startup_probe {
        period_seconds    = 5
        timeout_seconds   = 4
        failure_threshold = 48
        http_get {
          path = "/readyz"
        }
      }
      liveness_probe {
        period_seconds    = 15
        timeout_seconds   = 5
        failure_threshold = 4
        http_get {
          path = "/healthz"
        }
      }
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "public" {
  count    = var.public ? 1 : 0
  location = google_cloud_run_v2_service.evoke.location
  name     = google_cloud_run_v2_service.evoke.name
  role     = "roles/run.invoker"
  member   = "allUsers"
}

resource "google_monitoring_alert_policy" "errors" {
  display_name          = "Evoke: requests fail or are refused"
  combiner              = "OR"
  notification_channels = var.notification_channels

  conditions {
    display_name = "5xx for five minutes"
    condition_threshold {
      filter          = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = \"${google_cloud_run_v2_service.evoke.name}\" AND metric.type = \"run.googleapis.com/request_count\" AND metric.labels.response_code_class = \"5xx\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0.1 # a second
      duration        = "300s"
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }
}

resource "google_monitoring_alert_policy" "slow" {
  display_name          = "Evoke: one in a hundred requests takes longer than a second"
  combiner              = "OR"
  notification_channels = var.notification_channels

  conditions {
    display_name = "p99 of the latency"
    condition_threshold {
      filter          = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = \"${google_cloud_run_v2_service.evoke.name}\" AND metric.type = \"run.googleapis.com/request_latencies\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1000 # ms
      duration        = "600s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_PERCENTILE_99"
        cross_series_reducer = "REDUCE_MAX"
      }
    }
  }
}

output "address" {
  value = google_cloud_run_v2_service.evoke.uri
}
