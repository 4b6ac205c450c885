/* serve.h - `fovea serve`: the platform on this machine. */
#ifndef MAIN_SERVE_H
#define MAIN_SERVE_H

/* argv without the program's name and "serve".  Returns the exit code. */
int serve(int argc, char **argv);

#endif
