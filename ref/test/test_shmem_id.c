/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ids as a hostile peer would send them (ID-1, ID-3): each is refused, and each with the error that says why. */
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

static void refuse_all(const struct shmem_case *c, const char *const *ids, int code) {
    for (; *ids != NULL; ids++) {
        llmp_shmem_desc desc = desc_of(*ids);
        shmem_refused(c, &desc, code);
    }
}

/* ---------------------------------------------------------------- the 20 bytes */

static void ID_1_set_keeps_the_text_and_zeroes_the_rest(void **state) {
    (void)state;
    llmp_shmem_id id;
    memset(&id, 'x', sizeof id);
    assert_ok(llmp_shmem_id_set(&id, "/a"));
    static const llmp_shmem_id wanted = {"/a"};
    assert_memory_equal(&id, &wanted, sizeof id);
    assert_ok(llmp_shmem_id_set(&id, "1234567890123456789"));
    assert_string_equal(id.bytes, "1234567890123456789");
}

static void ID_1_set_refuses_what_is_empty_or_longer_than_19(void **state) {
    (void)state;
    llmp_shmem_id id;
    assert_rc(llmp_shmem_id_set(&id, ""), -LLMP_E_ID_EMPTY);
    assert_rc(llmp_shmem_id_set(&id, "12345678901234567890"), -LLMP_E_ID_UNTERMINATED);
    assert_rc(llmp_shmem_id_set(&id, "123456789012345678901234567890"), -LLMP_E_ID_UNTERMINATED);
}

static void ID_1_an_empty_id_is_refused(const struct shmem_case *c) {
    llmp_shmem_desc desc = {.size = SIZE};
    shmem_refused(c, &desc, -LLMP_E_ID_EMPTY);
    memset(desc.id.bytes + 1, '1', sizeof desc.id.bytes - 1);
    shmem_refused(c, &desc, -LLMP_E_ID_EMPTY);
}

/* What follows the 20 bytes in memory must not be taken for their end. */
static void ID_1_an_unterminated_id_is_refused(const struct shmem_case *c) {
    struct {
        llmp_shmem_desc desc;
        char behind[8];
    } sent = {.desc = {.size = SIZE}, .behind = ""};
    memset(sent.desc.id.bytes, '1', sizeof sent.desc.id.bytes);
    shmem_refused(c, &sent.desc, -LLMP_E_ID_UNTERMINATED);
    sent.desc.id.bytes[0] = '/';
    shmem_refused(c, &sent.desc, -LLMP_E_ID_UNTERMINATED);
}

static void ID_1_bytes_behind_the_end_do_not_matter_and_go_no_further(const struct shmem_case *c) {
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

static bool has_no_ids(const struct shmem_case *c) {
    return !c->shares;
}

static void ID_3_whatever_the_id_it_stays_empty(const struct shmem_case *c) {
    llmp_shmem_desc desc = {.size = SIZE};
    memset(desc.id.bytes, '/', sizeof desc.id.bytes);
    llmp_shmem *map = shmem_open(c, &desc);
    assert_string_equal(llmp_shmem_describe(map).id.bytes, "");
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- numbers */

static void ID_3_no_number_is_refused(const struct shmem_case *c) {
    static const char *const ids[] = {"abc", "x1", "-1", "+1", " 1", "-", ".5", "/1", "/libafl_1_a", "\n1", NULL};
    refuse_all(c, ids, -LLMP_E_ID_NOT_A_NUMBER);
}

static void ID_3_junk_behind_the_number_is_refused(const struct shmem_case *c) {
    static const char *const ids[] = {"1x", "1 ", "1\n", "0x10", "1.5", "1e3", "1-", "12:3", "2147483647a", NULL};
    refuse_all(c, ids, -LLMP_E_ID_TRAILING);
}

/* One segment has one id: two spellings would pass for two segments. */
static void ID_3_leading_zeros_are_refused(const struct shmem_case *c) {
    static const char *const ids[] = {"00", "01", "007", "0000000000000000001", NULL};
    refuse_all(c, ids, -LLMP_E_ID_TRAILING);
}

static void ID_3_a_number_out_of_range_is_refused(const struct shmem_case *c) {
    static const char *const ids[] = {"2147483648",          "4294967295",          "4294967296",
                                      "9999999999999999999", "1844674407370955161", NULL};
    refuse_all(c, ids, -LLMP_E_ID_RANGE);
}

static void ID_3_the_largest_number_is_in_range(const struct shmem_case *c) {
    static const char *const ids[] = {"2147483647", NULL};
    refuse_all(c, ids, -LLMP_E_NO_SEGMENT);
}

static void ID_3_numbers_are_read_to_the_last_digit(void **state) {
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

/* ---------------------------------------------------------------- missing, and another provider's */

static void ID_4_a_removed_segment_is_missing(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem_close(map);
    shmem_refused(c, &desc, -LLMP_E_NO_SEGMENT);
    desc.size = 1;
    shmem_refused(c, &desc, -LLMP_E_NO_SEGMENT);
}

/* A number means something else to each provider that has numbers, and may happen to be right; names never are. */
static void expect_foreign(const struct shmem_case *c, const struct shmem_case *other, const llmp_shmem_desc *desc) {
    if (other->number && !c->number) {
        shmem_refused(c, desc, -LLMP_E_ID_NAME);
    } else if (!other->number && c->number) {
        shmem_refused(c, desc, other->shares ? -LLMP_E_ID_NOT_A_NUMBER : -LLMP_E_ID_EMPTY);
    } else if (!other->shares) {
        shmem_refused(c, desc, -LLMP_E_ID_EMPTY);
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
        desc.size = (size_t)1 << 30; /* more than whatever else goes by that number */
        expect_foreign(c, other, &desc);
        llmp_shmem_close(map);
    }
}

static bool no_two_alike(const int *codes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (codes[i] == codes[j]) {
                return false;
            }
        }
    }
    return true;
}

static int code_of(const struct shmem_case *c, size_t size, const char *id) {
    llmp_shmem_desc desc = {.size = size};
    (void)snprintf(desc.id.bytes, sizeof desc.id.bytes, "%s", id);
    llmp_shmem *map;
    int rc = llmp_shmem_open(shmem_provider(c), &desc, NULL, &map);
    llmp_shmem_close(map);
    return rc;
}

static void what_is_wrong_has_an_error_of_its_own(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    int codes[] = {
        0,
        code_of(c, 0, desc.id.bytes),
        code_of(c, SIZE_MAX, desc.id.bytes),
        code_of(c, SIZE + 1, desc.id.bytes),
        code_of(c, SIZE, ""),
        code_of(c, SIZE, c->number ? "x" : "/a/b"),
        code_of(c, SIZE, c->number ? "2147483647" : "/libafl_none"),
        c->number ? code_of(c, SIZE, "1x") : 1,
        c->number ? code_of(c, SIZE, "2147483648") : 2,
    };
    assert_true(no_two_alike(codes, sizeof codes / sizeof codes[0]));
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- names */

#define posix shmem_case_of("posix")

static void ID_3_a_name_without_its_slash_or_with_a_second_one_is_refused(void **state) {
    (void)state;
    static const char *const ids[] = {"a",    "libafl_1_a", "./a",  "../dev/shm/a", "/",   "//", "//a", "/a/", "/a/b",
                                      "/a//", "/../tmp/x",  "/./a", "/.",           "/..", "-",  " /a", "~",   NULL};
    refuse_all(posix, ids, -LLMP_E_ID_NAME);
}

static void ID_3_odd_names_are_only_missing(void **state) {
    (void)state;
    static const char *const ids[] = {"/...", "/ ", "/a b", "/%s%n", "/\n", "/\xff", "/llmp-test-none", NULL};
    refuse_all(posix, ids, -LLMP_E_NO_SEGMENT);
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

/* In a folder of its own name under /dev/shm, as that is where a name can lead. */
static int make_node(const char *path, mode_t kind) {
    if (kind == S_IFDIR) {
        return mkdir(path, 0700);
    }
    return kind == S_IFLNK ? symlink("/etc/passwd", path) : mknod(path, kind | 0600, 0);
}

static void ID_3_a_name_of_something_else_is_refused(void **state) {
    (void)state;
    static const mode_t kinds[] = {S_IFDIR, S_IFLNK, S_IFIFO, S_IFSOCK};
    char path[64];
    (void)snprintf(path, sizeof path, "/dev/shm/llmp_%d_k", (int)getpid());
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        assert_int_equal(make_node(path, kinds[i]), 0);
        llmp_shmem_desc desc = desc_of(path + strlen("/dev/shm"));
        shmem_refused(posix, &desc, -LLMP_E_ID_KIND);
        assert_int_equal(remove(path), 0);
    }
}

/* Some systems keep /dev/shm on another file system than tmpfs, which knows no seals. */
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

static void ID_3_names_open_wherever_dev_shm_is(void **state) {
    (void)state;
    shmem_child_passed(shmem_in_child(open_on_ramfs, NULL), "needs root, to mount another kind of /dev/shm");
}

int main(void) {
    static const struct shmem_test tests[] = {
        SHMEM_SOME(ID_1_an_empty_id_is_refused, shmem_shares),
        SHMEM_SOME(ID_1_an_unterminated_id_is_refused, shmem_shares),
        SHMEM_SOME(ID_1_bytes_behind_the_end_do_not_matter_and_go_no_further, shmem_shares),
        SHMEM_SOME(ID_3_whatever_the_id_it_stays_empty, has_no_ids),
        SHMEM_SOME(ID_3_no_number_is_refused, shmem_number),
        SHMEM_SOME(ID_3_junk_behind_the_number_is_refused, shmem_number),
        SHMEM_SOME(ID_3_leading_zeros_are_refused, shmem_number),
        SHMEM_SOME(ID_3_a_number_out_of_range_is_refused, shmem_number),
        SHMEM_SOME(ID_3_the_largest_number_is_in_range, shmem_number),
        SHMEM_SOME(ID_4_a_removed_segment_is_missing, shmem_shares),
        SHMEM_SOME(ID_3_an_id_of_another_provider_is_refused, shmem_shares),
        SHMEM_SOME(what_is_wrong_has_an_error_of_its_own, shmem_shares),
    };
    static const struct CMUnitTest others[] = {
        SHMEM_ONE(ID_1_set_keeps_the_text_and_zeroes_the_rest),
        SHMEM_ONE(ID_1_set_refuses_what_is_empty_or_longer_than_19),
        SHMEM_ONE(ID_3_numbers_are_read_to_the_last_digit),
        SHMEM_ONE(ID_3_a_name_without_its_slash_or_with_a_second_one_is_refused),
        SHMEM_ONE(ID_3_odd_names_are_only_missing),
        SHMEM_ONE(ID_3_names_of_1_to_18_characters_open),
        SHMEM_ONE(ID_3_a_name_of_something_else_is_refused),
        SHMEM_ONE(ID_3_names_open_wherever_dev_shm_is),
    };
    return shmem_run("shmem_id", tests, sizeof tests / sizeof tests[0], others, sizeof others / sizeof others[0]);
}
