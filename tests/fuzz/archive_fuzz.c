/* Any bytes as an archive: plain files below one folder come out, as many as are counted, or an
 * error; nothing lies beside that folder.  modules: app store base */

#include "app/datasets/archive.h"

#include "base/error.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static int64_t files;

static int look(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)path, (void)flag, (void)place;
    BUG_IF(!S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode));
    files += S_ISREG(status->st_mode);
    return 0;
}

static int drop(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status, (void)flag;
    return place->level ? remove(path) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static const struct archive_limits limits = { .files = 100, .bytes = 1 << 20,
                                                  .free_bytes = 1 << 20 };
    static char folder[] = "/tmp/fovea-fuzz-XXXXXX";
    static bool is_made;
    struct archive_account account = { 0 };
    char path[64], to[64];
    struct error err;
    int fd, result;

    BUG_IF(!is_made && !mkdtemp(folder));
    is_made = true;
    snprintf(path, sizeof(path), "%s/archive", folder);
    snprintf(to, sizeof(to), "%s/deep/er", folder);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    BUG_IF(fd < 0 || write(fd, data, size_bytes) != (ssize_t)size_bytes);
    close(fd);
    result = archive_unpack(path, to, &limits, &account, &err);
    BUG_IF(result && !*err.text);
    BUG_IF(account.files > limits.files || account.bytes > limits.bytes);
    files = 0;
    nftw(folder, look, 16, FTW_PHYS);
    BUG_IF(!result && files != account.files + 1); /* and the archive itself */
    files = 0;
    nftw(to, look, 16, FTW_PHYS);
    BUG_IF(!result && files != account.files);
    nftw(folder, drop, 16, FTW_PHYS | FTW_DEPTH);
    return 0;
}
