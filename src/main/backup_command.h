/* backup_command.h - `fovea backup`, `fovea restore`, `fovea migrate`. */
#ifndef MAIN_BACKUP_COMMAND_H
#define MAIN_BACKUP_COMMAND_H

/* argv without the program's name and the command.  Return the exit code. */
int backup_command(int argc, char **argv);
int restore_command(int argc, char **argv);
int migrate_command(int argc, char **argv);

#endif
