// The floor: the least C that is still a correct pod of two containers. The bench measures podctl against it.
//
// Does the least that is still a correct pod: one pause process holds
// user+mnt+uts+ipc+net+pid namespaces behind a pruned mount tree, members enter
// with a single setns(pidfd, flags), take a private copy of that tree,
// pivot_root into the rootfs, get the pod's /proc and exec the program.  The
// supervisor collects both exit statuses, kills pause and reports.
//
//   cc -O2 -static -o floor floor.c
//   floor [-n members] [-r] [-z] [-o] [-N] [-t] ROOTFS PROGRAM [ARG...]
//     -r  map a range: newuidmap/newgidmap for a user, direct write for root
//     -z  members are cloned by pause itself (no setns; statuses are relayed); for
//         timing only, pause would have to be non-dumpable to do this safely
//     -o  pause builds the network namespace while the members build the mounts
//     -N  no network namespace (cost comparison only)
//     -t  print a time line (microseconds) on stderr
//
// Helpers share the supervisor's address space (CLONE_VM), so only raw
// syscalls are made there: no errno, no heap, no stdio.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAXM 8
#define POD_NS (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID)

static long sc(long n, long a, long b, long c, long d, long e, long f)
{
    long r;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return r;
}
#define S(n, ...) S_(n, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define S_(n, a, b, c, d, e, f, ...) sc(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

struct mark { const char *what; uint64_t t; };
static struct shared {                  // visible to every CLONE_VM helper
    // futexes: 0 in progress, 1 done, <0 -errno.  Not pipes: a pipe wake-up is
    // "synchronous", so the woken side queues behind a waker that goes on working.
    volatile int mapped, ready, net, tree, worst;
    volatile int fail_line[MAXM];
    volatile int fail_err[MAXM];
    struct mark m[64];
    volatile int nm;
} *sh;
static int opt_time, opt_range, opt_zygote, opt_overlap, opt_nonet;
static const char *rootfs;
static char **prog;
static uid_t uid;
static gid_t gid;
static int pause_fd = -1;

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}
static void mark(const char *w)
{
    if (!opt_time)
        return;
    int i = __sync_fetch_and_add(&sh->nm, 1);
    if (i < 64)
        sh->m[i] = (struct mark){w, now()};
}
static void die(const char *w, long r)
{
    dprintf(2, "floor: %s: %s\n", w, strerror((int)-r));
    _exit(125);
}
#define OK(w, x) do { long r_ = (x); if (r_ < 0) die(w, r_); } while (0)

static long put(const char *path, const char *s)
{
    long f = S(SYS_open, path, O_WRONLY | O_CLOEXEC);
    if (f < 0)
        return f;
    long r = S(SYS_write, f, s, strlen(s));
    S(SYS_close, f);
    return r < 0 ? r : 0;
}

static long lo_up(void)
{
    struct ifreq q;
    memset(&q, 0, sizeof q);
    q.ifr_name[0] = 'l';
    q.ifr_name[1] = 'o';
    q.ifr_flags = IFF_UP | IFF_RUNNING;
    long s = S(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return s;
    long r = S(SYS_ioctl, s, SIOCSIFFLAGS, &q);
    S(SYS_close, s);
    return r;
}

// In the pod's user namespace, inside a private copy of the pod tree: take over.
// Returns only on failure: line in the high word, errno in the low one.
#define TRY(x) do { long r_ = (x); if (r_ < 0) return ((long)__LINE__ << 16) | -r_; } while (0)
static long become_member(void)
{
    mark("  m: start");
    TRY(S(SYS_mount, "/proc", "/r/proc", 0, MS_MOVE));
    mark("  m: proc moved");
    TRY(S(SYS_chdir, "/r"));
    TRY(S(SYS_pivot_root, ".", "."));
    mark("  m: pivoted");
    TRY(S(SYS_umount2, ".", MNT_DETACH));
    mark("  m: old root gone");
    TRY(S(SYS_setresgid, 0, 0, 0));
    TRY(S(SYS_setresuid, 0, 0, 0));
    TRY(S(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    mark("  m: exec");
    static char *env[] = {"PATH=/bin:/usr/bin", 0};
    TRY(S(SYS_execve, prog[0], prog, env));
    return 0;
}

struct slot { int i; pid_t pid; char stack[2][16384] __attribute__((aligned(16))); };
static struct slot slots[MAXM];

static void done(volatile int *f, int v)
{
    *f = v;
    S(SYS_futex, f, 1 /*WAKE*/, 1 << 20);
}
static long await(volatile int *f)
{
    struct timespec tick = {0, 20000000};
    for (int i = 0; *f == 0; i++) {
        if (i == 500 || S(SYS_getppid) == 1)    // nobody left to finish it
            return -110;
        S(SYS_futex, f, 0 /*WAIT*/, 0, &tick);
    }
    return *f < 0 ? *f : 0;
}
static long build_tree(void);

static long member_steps(struct slot *s)
{
    if (opt_overlap) {                          // member 0 builds the tree, pause the network
        if (s->i == 0) {
            long r = build_tree();
            mark("tree ready");
            done(&sh->tree, r < 0 ? (int)r : 1);
            TRY(r);
        } else {
            // not earlier: between pivot_root and umount2 the old root is on top
            TRY(await(&sh->tree));
            TRY(S(SYS_setns, pause_fd, CLONE_NEWNS));
        }
        TRY(S(SYS_unshare, CLONE_NEWNS));
        TRY(await(&sh->net));
        if (!opt_nonet)
            TRY(S(SYS_setns, pause_fd, CLONE_NEWNET));
    }
    return become_member();
}

static int member_main(void *p)
{
    struct slot *s = p;
    long e = member_steps(s);
    sh->fail_line[s->i] = e >> 16;
    sh->fail_err[s->i] = e & 0xffff;
    sc(SYS_exit_group, 125, 0, 0, 0, 0, 0);
    return 0;
}

// Joins the pod, then gives birth to the member as a child of the supervisor.
static int helper_main(void *p)
{
    struct slot *s = p;
    long ns = POD_NS | (opt_overlap || opt_nonet ? 0 : CLONE_NEWNET);
    if (opt_overlap && s->i > 0)
        ns &= ~CLONE_NEWNS;
    mark(" h: start");
    long r = S(SYS_setns, pause_fd, ns);
    mark(" h: setns done");
    if (r < 0) {
        sh->fail_line[s->i] = __LINE__;
        sh->fail_err[s->i] = -r;
        return 1;
    }
    s->pid = clone(member_main, s->stack[1] + sizeof s->stack[1],
                   CLONE_VM | CLONE_PARENT | (opt_overlap ? 0 : CLONE_NEWNS) | SIGCHLD, s);
    return s->pid < 0;
}

// The pod tree: a tmpfs root holding only the rootfs and /proc.
static long build_tree(void)
{
    long r;
    if ((r = S(SYS_mount, 0, "/", 0, MS_REC | MS_PRIVATE, 0)) < 0 ||
        (r = S(SYS_chdir, rootfs)) < 0 ||       // may itself live under /tmp
        (r = S(SYS_mount, "pod", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=755")) < 0 ||
        (r = S(SYS_mkdir, "/tmp/r", 0755)) < 0 ||
        (r = S(SYS_mkdir, "/tmp/proc", 0755)) < 0 ||
        (r = S(SYS_mount, ".", "/tmp/r", 0, MS_BIND | MS_REC, 0)) < 0 ||
        (r = S(SYS_mount, "proc", "/tmp/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0)) < 0 ||
        (r = S(SYS_chdir, "/tmp")) < 0 ||
        (r = S(SYS_pivot_root, ".", ".")) < 0 ||
        (r = S(SYS_umount2, ".", MNT_DETACH)) < 0)
        return r;
    return 0;
}

static void pause_main(int alive, int n)
{
    char b[64];
    if (opt_range) {                            // the supervisor writes the maps
        OK("map", await(&sh->mapped));
    } else {
        OK("setgroups", put("/proc/self/setgroups", "deny"));
        sprintf(b, "0 %u 1\n", uid);
        OK("uid_map", put("/proc/self/uid_map", b));
        sprintf(b, "0 %u 1\n", gid);
        OK("gid_map", put("/proc/self/gid_map", b));
    }
    OK("setresgid", S(SYS_setresgid, 0, 0, 0));
    OK("setresuid", S(SYS_setresuid, 0, 0, 0));
    // Pause stays dumpable: setns(pidfd) wants ptrace read access, and this image
    // was not exec'd inside the pod's user namespace.  What it exposes is harmless:
    // a pruned tree, no descriptors, no secrets.
    prctl(PR_SET_PDEATHSIG, SIGKILL);           // after the last credential change
    struct pollfd pf = {alive, 0, 0};
    if (S(SYS_poll, &pf, 1, 0) != 0)            // getppid() is 0 here, so ask the pipe
        _exit(125);
    mark("pause mapped");
    OK("hostname", S(SYS_sethostname, "floor", 6));
    if (opt_overlap) {
        done(&sh->ready, 1);
        long r = opt_nonet ? 0 : S(SYS_unshare, CLONE_NEWNET);
        if (r >= 0 && !opt_nonet)
            r = lo_up();
        mark("net ready");
        done(&sh->net, r < 0 ? (int)r : 1);
    } else {
        OK("tree", build_tree());
        mark("tree ready");
        if (!opt_nonet)
            OK("lo", lo_up());
        mark("lo up");
    }
    if (opt_zygote) {
        int st, left = n, worst = 0;
        pid_t p;
        for (int i = 0; i < n; i++) {
            slots[i].i = i;
            if (clone(member_main, slots[i].stack[1] + sizeof slots[i].stack[1],
                      CLONE_VM | CLONE_NEWNS | SIGCHLD, &slots[i]) < 0)
                _exit(125);
        }
        while (left && (p = wait4(-1, &st, __WALL, 0)) > 0) {
            int c = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
            left--;
            worst = c > worst ? c : worst;
        }
        sh->worst = worst;
        done(&sh->ready, 1);
        _exit(0);
    }
    if (!opt_overlap)
        done(&sh->ready, 1);
    S(SYS_close_range, 0, ~0u, 0);
    for (;;) {                                  // reap orphans for ever
        int sig = SIGCHLD, st;
        sigset_t w;
        sigemptyset(&w);
        sigaddset(&w, sig);
        sigprocmask(SIG_BLOCK, &w, 0);
        while (wait4(-1, &st, WNOHANG | __WALL, 0) > 0)
            ;
        sigwaitinfo(&w, 0);
    }
}

static pid_t run_map(const char *tool, pid_t pid, unsigned in, const char *file)
{
    // one "0 <self> 1" line plus the first subordinate range of the caller
    int k = tool[3] == 'g';
    FILE *f = fopen(file, "re");
    char l[256], me[32], *c;
    unsigned long start = 0, cnt = 0;
    const char *u = getenv("USER");
    sprintf(me, "%u", uid);
    while (f && fgets(l, sizeof l, f))
        if ((c = strchr(l, ':')) && (*c = 0, !strcmp(l, me) || (u && !strcmp(l, u))) &&
            sscanf(c + 1, "%lu:%lu", &start, &cnt) == 2)
            break;
    if (f)
        fclose(f);
    if (!cnt)
        die("no subordinate ids", -2);
    static char a[2][6][24];
    sprintf(a[k][0], "%d", pid);
    sprintf(a[k][1], "%u", in);
    sprintf(a[k][2], "%lu", start);
    sprintf(a[k][3], "%lu", cnt);
    pid_t p = vfork();
    if (!p) {
        execlp(tool, tool, a[k][0], "0", a[k][1], "1", "1", a[k][2], a[k][3], (char *)0);
        _exit(127);
    }
    return p;
}

int main(int ac, char **av)
{
    int n = 2, o;
    uint64_t t0 = now();
    while ((o = getopt(ac, av, "+n:rzoNt")) != -1) {
        if (o == 'n') n = atoi(optarg);
        else if (o == 'r') opt_range = 1;
        else if (o == 'z') opt_zygote = 1;
        else if (o == 'o') opt_overlap = 1;
        else if (o == 'N') opt_nonet = 1;
        else if (o == 't') opt_time = 1;
        else return 2;
    }
    if (ac - optind < 2 || n < 1 || n > MAXM || (opt_zygote && opt_overlap))
        return 2;
    rootfs = av[optind];
    prog = av + optind + 1;
    uid = getuid();
    gid = getgid();
    sh = mmap(0, sizeof *sh, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (sh == MAP_FAILED)
        return 125;
    mark("main");
    int alive[2];
    if (pipe2(alive, O_CLOEXEC))
        return 125;

    struct clone_args ca = {.flags = POD_NS | CLONE_PIDFD | (opt_overlap || opt_nonet ? 0 : CLONE_NEWNET),
                            .pidfd = (uint64_t)&pause_fd, .exit_signal = SIGCHLD};
    long pz = syscall(SYS_clone3, &ca, sizeof ca);
    if (pz < 0) {
        perror("floor: clone3");
        return 125;
    }
    if (pz == 0) {
        close(alive[0]);
        pause_main(alive[1], n);
    }
    mark("clone3 returned");
    close(alive[1]);
    if (opt_range) {
        char p[64];
        if (uid == 0) {
            sprintf(p, "/proc/%ld/uid_map", pz);
            OK("uid_map", put(p, "0 0 65536\n"));      // for timing; a real pod must shift the range
            sprintf(p, "/proc/%ld/gid_map", pz);
            OK("gid_map", put(p, "0 0 65536\n"));
        } else {
            pid_t a = run_map("newuidmap", pz, uid, "/etc/subuid");
            pid_t b = run_map("newgidmap", pz, gid, "/etc/subgid");
            int sa, sb;
            waitpid(a, &sa, 0);
            waitpid(b, &sb, 0);
            if (sa || sb)
                die("newuidmap/newgidmap", -1);
        }
        done(&sh->mapped, 1);
    }
    prctl(PR_SET_DUMPABLE, 0);                  // before anything of ours is visible inside the pod
    struct pollfd pf = {pause_fd, POLLIN, 0};
    struct timespec tick = {0, 20000000};
    while (sh->ready == 0) {
        S(SYS_futex, &sh->ready, 0 /*WAIT*/, 0, &tick);
        if (sh->ready == 0 && poll(&pf, 1, 0) == 1)
            die("pause did not come up", -32);
    }
    mark("pod ready");
    int rc = 0, st;
    if (opt_zygote) {
        rc = sh->worst;
        waitpid(pz, &st, 0);
    } else {
        for (int i = 0; i < n; i++) {
            slots[i].i = i;
            // VFORK: we go on when the helper is gone, i.e. when the member exists
            pid_t h = clone(helper_main, slots[i].stack[0] + sizeof slots[i].stack[0],
                            CLONE_VM | CLONE_VFORK | SIGCHLD, &slots[i]);
            if (h < 0)
                return 125;
            waitpid(h, &st, __WALL);
            if (slots[i].pid <= 0)
                die("member", -(long)sh->fail_err[i]);
            mark("member born");
        }
        for (int i = 0; i < n; i++) {
            if (waitpid(slots[i].pid, &st, __WALL) < 0)  // a CLONE_PARENT child inherits its maker's exit signal
                return 125;
            int x = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
            if (sh->fail_err[i])
                dprintf(2, "floor: member %d failed at line %d: %s\n", i, sh->fail_line[i], strerror(sh->fail_err[i]));
            rc = x > rc ? x : rc;
            mark("member exited");
        }
        syscall(SYS_pidfd_send_signal, pause_fd, SIGKILL, 0, 0);
        waitpid(pz, &st, 0);
    }
    mark("pod gone");
    if (opt_time)
        for (int i = 0; i < sh->nm && i < 64; i++)
            dprintf(2, "%8.1f  %s\n", (sh->m[i].t - t0) / 1000.0, sh->m[i].what);
    return rc;
}
