/* user_command.h - `fovea user`: accounts from the command line, without mail or browser.
 *
 * It works on the data folder, also while a server runs on it.  Passwords come from the terminal,
 * without showing, or as the first line of standard input; never from the arguments, which every
 * user of the machine can read. */
#ifndef MAIN_USER_COMMAND_H
#define MAIN_USER_COMMAND_H

/* argv without the program's name and "user".  Returns the exit code. */
int user_command(int argc, char **argv);

#endif
