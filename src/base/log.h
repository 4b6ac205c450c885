/* log.h - one line per event on stderr: "time level message".
 *
 * error: somebody must act.  warn: it went on, but look.  info: once per run, epoch or
 * lifecycle event.  debug: once per decision.  Nothing at info or above is printed per step.
 *
 * $FOVEA_LOG names the least important level that is written; unset, or no level: info. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)

#endif
