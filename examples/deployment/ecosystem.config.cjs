module.exports = {
  apps: [
    {
      name: 'shop',
      script: 'dist/server.js',
      // Two processes on one port: one serves while `pm2 reload` replaces the other.
      exec_mode: 'cluster',
      instances: 2,
      env: { NODE_ENV: 'production', PORT: '3000' },
      // Milliseconds from SIGINT to SIGKILL. The default is 1600. The grace in server.ts is 25 s.
      kill_timeout: 30_000,
      // A reload stops the old process when the new one has sent 'ready', which server.ts does when it
      // listens. After `listen_timeout`, PM2 stops the old process even without that message.
      wait_ready: true,
      listen_timeout: 10_000,
      // Starts again, however often it fails, after 100 ms, 150 ms, … up to 15 s.
      exp_backoff_restart_delay: 100,
    },
  ],
}
