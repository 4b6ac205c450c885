/* trainer_command.h - `fovea trainer`: one training service, over HTTP. */
#ifndef MAIN_TRAINER_COMMAND_H
#define MAIN_TRAINER_COMMAND_H

/* argv without the program's name and "trainer".  Returns the exit code. */
int trainer_command(int argc, char **argv);

#endif
