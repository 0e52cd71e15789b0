export { loadConfig, ConfigError, type Config, type ConfigEntry } from './load-config.ts';
export { csv, durationMs, durationSeconds, flag, httpUrl, integer, port, refused, secret } from './pieces.ts';
