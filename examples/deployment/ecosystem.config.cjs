module.exports = {
  apps: [
    {
      name: 'shop',
      script: 'dist/server.js',
      // Two of them on one port, so that one still serves while `pm2 reload` replaces the other.
      exec_mode: 'cluster',
      instances: 2,
      env: { NODE_ENV: 'production', PORT: '3000' },
      // Milliseconds from SIGINT to SIGKILL; 1600 by default. The grace in server.ts
      // is 25 s.
      kill_timeout: 30_000,
      // A reload stops the old one when the new one has said 'ready', as server.ts does once it listens;
      // if it hasn't within this time, the old one is stopped all the same.
      wait_ready: true,
      listen_timeout: 10_000,
      // Started again however often it fails, after 100 ms, 150 ms, … up to 15 s.
      exp_backoff_restart_delay: 100,
    },
  ],
}
