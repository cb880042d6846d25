job "shop" {
  type = "service"

  # One new one first, beside the three. When it has been healthy for 10 s the others are replaced, one
  # after the other; when it hasn't, it goes, and they stay.
  update {
    max_parallel     = 1
    canary           = 1
    auto_promote     = true
    auto_revert      = true
    min_healthy_time = "10s"
    healthy_deadline = "2m"
  }

  group "shop" {
    count = 3

    network {
      port "http" {
        to = 3000
      }
    }

    # Between the end of its registration and the signal: time for all clients of the registry to
    # notice. It isn't part of kill_timeout.
    shutdown_delay = "5s"

    service {
      name     = "shop"
      port     = "http"
      provider = "consul"

      # Whether Consul hands it out.
      check {
        name     = "ready"
        type     = "http"
        path     = "/readyz"
        interval = "5s"
        timeout  = "2s"
      }

      # Started again after three times without an answer. Not /readyz: that is 503 while it leaves.
      check {
        name     = "alive"
        type     = "http"
        path     = "/livez"
        interval = "10s"
        timeout  = "5s"

        check_restart {
          limit = 3
          grace = "30s"
        }
      }
    }

    task "server" {
      driver = "docker"

      config {
        image = "shop:1.0.0"
        ports = ["http"]
      }

      env {
        # Belongs to shutdown_delay: one of them waits, and not both.
        LAME_DUCK = "0s"
      }

      # Drivers other than docker send SIGINT by default.
      kill_signal = "SIGTERM"
      # SIGKILL comes after this time; 5 s by default. The grace in server.ts is 25 s. Clients allow 30 s at
      # most unless their max_kill_timeout says more.
      kill_timeout = "30s"

      resources {
        cpu    = 200
        memory = 256
      }
    }
  }
}
