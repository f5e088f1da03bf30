/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ids as a hostile peer may send them (ID-1, ID-3): each is refused with the error that describes it. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shmem/provider.h"
#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)70000)

static llmp_shmem_desc desc_of(const char *id) {
    llmp_shmem_desc desc = {.size = SIZE};
    assert_ok(llmp_shmem_id_set(&desc.id, id));
    return desc;
}

static void expect_all_refused(const struct shmem_case *c, const char *const *ids, int rc) {
    for (; *ids != NULL; ids++) {
        llmp_shmem_desc desc = desc_of(*ids);
        shmem_expect_refused(c, &desc, rc);
    }
}

/* ---------------------------------------------------------------- the 20 bytes */

static void ID_1_setting_an_id_zeroes_the_remaining_bytes(void **state) {
    (void)state;
    llmp_shmem_id id;
    memset(&id, 'x', sizeof id);
    assert_ok(llmp_shmem_id_set(&id, "/a"));
    static const llmp_shmem_id wanted = {"/a"};
    assert_memory_equal(&id, &wanted, sizeof id);
    assert_ok(llmp_shmem_id_set(&id, "1234567890123456789"));
    assert_string_equal(id.bytes, "1234567890123456789");
}

static void ID_1_setting_an_empty_or_too_long_id_is_refused(void **state) {
    (void)state;
    llmp_shmem_id id;
    assert_rc(llmp_shmem_id_set(&id, ""), -LLMP_E_ID_EMPTY);
    assert_rc(llmp_shmem_id_set(&id, "12345678901234567890"), -LLMP_E_ID_UNTERMINATED);
    assert_rc(llmp_shmem_id_set(&id, "123456789012345678901234567890"), -LLMP_E_ID_UNTERMINATED);
}

static void ID_1_an_empty_id_is_refused(const struct shmem_case *c) {
    llmp_shmem_desc desc = {.size = SIZE};
    shmem_expect_refused(c, &desc, -LLMP_E_ID_EMPTY);
    memset(desc.id.bytes + 1, '1', sizeof desc.id.bytes - 1);
    shmem_expect_refused(c, &desc, -LLMP_E_ID_EMPTY);
}

/* A NUL that follows the 20 bytes in memory must not count as their terminator. */
static void ID_1_an_unterminated_id_is_refused(const struct shmem_case *c) {
    struct {
        llmp_shmem_desc desc;
        char behind[8];
    } sent = {.desc = {.size = SIZE}, .behind = ""};
    memset(sent.desc.id.bytes, '1', sizeof sent.desc.id.bytes);
    shmem_expect_refused(c, &sent.desc, -LLMP_E_ID_UNTERMINATED);
    sent.desc.id.bytes[0] = '/';
    shmem_expect_refused(c, &sent.desc, -LLMP_E_ID_UNTERMINATED);
}

static void ID_1_bytes_after_the_NUL_are_ignored_and_not_passed_on(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    const llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem_desc dirty = desc;
    size_t length = strlen(desc.id.bytes);
    if (length + 1 < sizeof desc.id.bytes) {
        memset(dirty.id.bytes + length + 1, 'x', sizeof desc.id.bytes - length - 1);
    }
    llmp_shmem *other = shmem_open(c, &dirty);
    llmp_shmem_desc clean = llmp_shmem_describe(other);
    assert_memory_equal(clean.id.bytes, desc.id.bytes, sizeof desc.id.bytes);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

static void ID_3_an_id_is_ignored_if_nothing_is_shared(const struct shmem_case *c) {
    llmp_shmem_desc desc = {.size = SIZE};
    memset(desc.id.bytes, '/', sizeof desc.id.bytes);
    llmp_shmem *map = shmem_open(c, &desc);
    assert_string_equal(llmp_shmem_describe(map).id.bytes, "");
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- numbers */

static void ID_3_an_id_that_is_not_a_number_is_refused(const struct shmem_case *c) {
    static const char *const ids[] = {"abc", "x1", "-1", "+1", " 1", "-", ".5", "/1", "/libafl_1_a", "\n1", NULL};
    expect_all_refused(c, ids, -LLMP_E_ID_NOT_A_NUMBER);
}

static void ID_3_characters_after_the_number_are_refused(const struct shmem_case *c) {
    static const char *const ids[] = {"1x", "1 ", "1\n", "0x10", "1.5", "1e3", "1-", "12:3", "2147483647a", NULL};
    expect_all_refused(c, ids, -LLMP_E_ID_TRAILING);
}

/* A segment has one id: two spellings would look like two segments. */
static void ID_3_leading_zeros_are_refused(const struct shmem_case *c) {
    static const char *const ids[] = {"00", "01", "007", "0000000000000000001", NULL};
    expect_all_refused(c, ids, -LLMP_E_ID_TRAILING);
}

static void ID_3_a_number_out_of_range_is_refused(const struct shmem_case *c) {
    static const char *const ids[] = {"2147483648",          "4294967295",          "4294967296",
                                      "9999999999999999999", "1844674407370955161", NULL};
    expect_all_refused(c, ids, -LLMP_E_ID_RANGE);
}

static void ID_3_the_largest_number_is_in_range(const struct shmem_case *c) {
    static const char *const ids[] = {"2147483647", NULL};
    expect_all_refused(c, ids, -LLMP_E_NO_SEGMENT);
}

static void ID_3_a_number_survives_formatting_and_parsing(void **state) {
    (void)state;
    static const int numbers[] = {0, 1, 9, 10, 32768, 1234567890, 2147483647};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        llmp_shmem_id id;
        int number = -1;
        memset(&id, 'x', sizeof id);
        llmp_shmem_id_from_number(&id, numbers[i]);
        assert_int_equal(id.bytes[sizeof id.bytes - 1], 0);
        assert_ok(llmp_shmem_id_number(&id, &number));
        assert_int_equal(number, numbers[i]);
    }
}

/* ---------------------------------------------------------------- other segments and other providers */

static void ID_4_a_removed_segment_does_not_open(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem_close(map);
    shmem_expect_refused(c, &desc, -LLMP_E_NO_SEGMENT);
    desc.size = 1;
    shmem_expect_refused(c, &desc, -LLMP_E_NO_SEGMENT);
}

/* Providers with numeric ids may each have a segment of the same number; a name is valid for one provider only. */
static void expect_foreign(const struct shmem_case *c, const struct shmem_case *other, const llmp_shmem_desc *desc) {
    if (other->number && !c->number) {
        shmem_expect_refused(c, desc, -LLMP_E_ID_NAME);
    } else if (!other->number && c->number) {
        shmem_expect_refused(c, desc, other->shares ? -LLMP_E_ID_NOT_A_NUMBER : -LLMP_E_ID_EMPTY);
    } else if (!other->shares) {
        shmem_expect_refused(c, desc, -LLMP_E_ID_EMPTY);
    } else {
        llmp_shmem *map;
        assert_int_not_equal(llmp_shmem_open(shmem_provider(c), desc, NULL, &map), 0);
        assert_null(map);
    }
}

static void ID_3_an_id_of_another_provider_is_refused(const struct shmem_case *c) {
    for (const struct shmem_case *other = shmem_cases; other < shmem_cases + shmem_case_count; other++) {
        llmp_shmem *map;
        if (other == c || llmp_shmem_create(shmem_provider(other), SIZE, NULL, &map) != 0) {
            continue;
        }
        llmp_shmem_desc desc = llmp_shmem_describe(map);
        desc.size = (size_t)1 << 30; /* larger than any segment that happens to have this number */
        expect_foreign(c, other, &desc);
        llmp_shmem_close(map);
    }
}

static bool all_differ(const int *errors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (errors[i] == errors[j]) {
                return false;
            }
        }
    }
    return true;
}

static int open_error(const struct shmem_case *c, size_t size, const char *id) {
    llmp_shmem_desc desc = {.size = size};
    (void)snprintf(desc.id.bytes, sizeof desc.id.bytes, "%s", id);
    llmp_shmem *map;
    int rc = llmp_shmem_open(shmem_provider(c), &desc, NULL, &map);
    llmp_shmem_close(map);
    return rc;
}

static void each_mistake_has_a_different_error(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    int errors[] = {
        0,
        open_error(c, 0, desc.id.bytes),
        open_error(c, SIZE_MAX, desc.id.bytes),
        open_error(c, SIZE + 1, desc.id.bytes),
        open_error(c, SIZE, ""),
        open_error(c, SIZE, c->number ? "x" : "/a/b"),
        open_error(c, SIZE, c->number ? "2147483647" : "/libafl_none"),
        c->number ? open_error(c, SIZE, "1x") : 1,
        c->number ? open_error(c, SIZE, "2147483648") : 2,
    };
    assert_true(all_differ(errors, sizeof errors / sizeof errors[0]));
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- names */

#define posix shmem_case_of("posix")

static void ID_3_a_name_without_exactly_one_leading_slash_is_refused(void **state) {
    (void)state;
    static const char *const ids[] = {"a",    "libafl_1_a", "./a",  "../dev/shm/a", "/",   "//", "//a", "/a/", "/a/b",
                                      "/a//", "/../tmp/x",  "/./a", "/.",           "/..", "-",  " /a", "~",   NULL};
    expect_all_refused(posix, ids, -LLMP_E_ID_NAME);
}

static void ID_3_unusual_names_are_valid_but_do_not_exist(void **state) {
    (void)state;
    static const char *const ids[] = {"/...", "/ ", "/a b", "/%s%n", "/\n", "/\xff", "/llmp-test-none", NULL};
    expect_all_refused(posix, ids, -LLMP_E_NO_SEGMENT);
}

static void expect_opens(const char *name) {
    int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)SIZE), 0);
    (void)close(fd);
    llmp_shmem_desc desc = desc_of(name);
    llmp_shmem *map = shmem_open(posix, &desc);
    assert_string_equal(llmp_shmem_describe(map).id.bytes, name);
    llmp_shmem_close(map);
    assert_int_equal(shm_unlink(name), 0);
}

static void ID_3_names_of_1_to_18_characters_open(void **state) {
    (void)state;
    char name[LLMP_SHMEM_ID_SIZE];
    int length = snprintf(name, sizeof name, "/llmp_%d", (int)getpid());
    memset(name + length, 'x', sizeof name - 1 - (size_t)length);
    name[sizeof name - 1] = '\0';
    assert_int_equal(strlen(name), 19);
    expect_opens(name);
    (void)snprintf(name, sizeof name, "/%c", '\1' + getpid() % 30);
    expect_opens(name);
}

/* Creates a file of that kind in /dev/shm, the folder of all names. */
static int create_node(const char *path, mode_t kind) {
    if (kind == S_IFDIR) {
        return mkdir(path, 0700);
    }
    return kind == S_IFLNK ? symlink("/etc/passwd", path) : mknod(path, kind | 0600, 0);
}

static void ID_3_a_name_of_another_kind_of_file_is_refused(void **state) {
    (void)state;
    static const mode_t kinds[] = {S_IFDIR, S_IFLNK, S_IFIFO, S_IFSOCK};
    char path[64];
    (void)snprintf(path, sizeof path, "/dev/shm/llmp_%d_k", (int)getpid());
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        assert_int_equal(create_node(path, kinds[i]), 0);
        llmp_shmem_desc desc = desc_of(path + strlen("/dev/shm"));
        shmem_expect_refused(posix, &desc, -LLMP_E_ID_KIND);
        assert_int_equal(remove(path), 0);
    }
}

/* /dev/shm may be another file system than tmpfs, without seals. */
static int open_on_ramfs(int socket, void *argument) {
    llmp_shmem *map, *clone;
    (void)socket;
    (void)argument;
    if (shmem_unshare(CLONE_NEWNS) != 0 || shmem_mount("ramfs", "") != 0) {
        return CHILD_SKIP;
    }
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
    CHILD_REQUIRE(llmp_shmem_clone(map, &clone) == 0);
    llmp_shmem_close(clone);
    llmp_shmem_close(map);
    return 0;
}

static void ID_3_names_open_on_any_file_system(void **state) {
    (void)state;
    shmem_check_child(shmem_run_in_child(open_on_ramfs, NULL), "needs root, to mount another file system on /dev/shm");
}

int main(void) {
    static const struct shmem_test tests[] = {
        SHMEM_SOME(ID_1_an_empty_id_is_refused, shmem_shares),
        SHMEM_SOME(ID_1_an_unterminated_id_is_refused, shmem_shares),
        SHMEM_SOME(ID_1_bytes_after_the_NUL_are_ignored_and_not_passed_on, shmem_shares),
        SHMEM_SOME(ID_3_an_id_is_ignored_if_nothing_is_shared, shmem_shares_nothing),
        SHMEM_SOME(ID_3_an_id_that_is_not_a_number_is_refused, shmem_numeric),
        SHMEM_SOME(ID_3_characters_after_the_number_are_refused, shmem_numeric),
        SHMEM_SOME(ID_3_leading_zeros_are_refused, shmem_numeric),
        SHMEM_SOME(ID_3_a_number_out_of_range_is_refused, shmem_numeric),
        SHMEM_SOME(ID_3_the_largest_number_is_in_range, shmem_numeric),
        SHMEM_SOME(ID_4_a_removed_segment_does_not_open, shmem_shares),
        SHMEM_SOME(ID_3_an_id_of_another_provider_is_refused, shmem_shares),
        SHMEM_SOME(each_mistake_has_a_different_error, shmem_shares),
    };
    static const struct CMUnitTest others[] = {
        SHMEM_ONE(ID_1_setting_an_id_zeroes_the_remaining_bytes),
        SHMEM_ONE(ID_1_setting_an_empty_or_too_long_id_is_refused),
        SHMEM_ONE(ID_3_a_number_survives_formatting_and_parsing),
        SHMEM_ONE(ID_3_a_name_without_exactly_one_leading_slash_is_refused),
        SHMEM_ONE(ID_3_unusual_names_are_valid_but_do_not_exist),
        SHMEM_ONE(ID_3_names_of_1_to_18_characters_open),
        SHMEM_ONE(ID_3_a_name_of_another_kind_of_file_is_refused),
        SHMEM_ONE(ID_3_names_open_on_any_file_system),
    };
    return shmem_run("shmem_id", tests, sizeof tests / sizeof tests[0], others, sizeof others / sizeof others[0]);
}
