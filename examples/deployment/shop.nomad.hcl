job "shop" {
  type = "service"

  # First one new instance starts, beside the three. When it has been healthy for 10 s, the others are
  # replaced, one after the other. If it does not become healthy, it is stopped, and the three stay.
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

    # The time between the deregistration and the signal, in which all clients of the registry notice.
    # It is not part of kill_timeout.
    shutdown_delay = "5s"

    service {
      name     = "shop"
      port     = "http"
      provider = "consul"

      # Consul returns the instance to clients only while this check passes.
      check {
        name     = "ready"
        type     = "http"
        path     = "/readyz"
        interval = "5s"
        timeout  = "2s"
      }

      # Restarts after three checks without an answer. Not /readyz, which is 503 during the shutdown.
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
        # Belongs to shutdown_delay, so that only one of them waits.
        LAME_DUCK = "0s"
      }

      # Drivers other than docker send SIGINT by default.
      kill_signal = "SIGTERM"
      # The time until SIGKILL. The default is 5 s. The grace in server.ts is 25 s. A Nomad client allows
      # at most 30 s, unless its max_kill_timeout is longer.
      kill_timeout = "30s"

      resources {
        cpu    = 200
        memory = 256
      }
    }
  }
}
