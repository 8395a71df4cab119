package dev.uring.ring

import dev.uring.abi.Errno
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class BlockerTest :
    FunSpec({
        val open = KernelSettings("6.8.0-generic", 0, 0)

        test("EPERM under io_uring_disabled=2 names the sysctl") {
            Blocker.of(Errno.EPERM, KernelSettings("6.8.0", 2, 0)) shouldBe
                Blocker(
                    Blocker.Kind.SYSCTL,
                    "io_uring is disabled (kernel.io_uring_disabled=2)",
                    "sysctl kernel.io_uring_disabled=0 allows it",
                )
        }

        test("EPERM under io_uring_disabled=1 names the sysctl and the group") {
            Blocker.of(Errno.EPERM, KernelSettings("6.8.0", 1, 2)) shouldBe
                Blocker(
                    Blocker.Kind.SYSCTL,
                    "io_uring is reserved to privileged processes (kernel.io_uring_disabled=1)",
                    "sysctl kernel.io_uring_disabled=0 allows it to all, kernel.io_uring_group=GID to one group",
                )
        }

        test("EPERM without sysctl and filter points at security modules") {
            Blocker.of(Errno.EPERM, open) shouldBe
                Blocker(
                    Blocker.Kind.SECCOMP,
                    "a security module blocks io_uring",
                    "SELinux or AppArmor denials in the kernel's audit log",
                )
        }

        test("ENOSYS on an old kernel names the kernel") {
            Blocker.of(Errno.ENOSYS, KernelSettings("4.18.0-553.el8", -1, 0)) shouldBe
                Blocker(
                    Blocker.Kind.KERNEL_TOO_OLD,
                    "kernel 4.18.0-553.el8 is older than 6.1",
                    "uname -r; use a kernel of 6.1 or newer",
                )
        }

        test("ENOSYS on a new kernel without a filter means it was built without io_uring") {
            Blocker.of(Errno.ENOSYS, open) shouldBe
                Blocker(
                    Blocker.Kind.KERNEL_TOO_OLD,
                    "the kernel was built without io_uring",
                    "that CONFIG_IO_URING=y in its configuration",
                )
        }

        test("ENOMEM names the memory limits") {
            Blocker.of(Errno.ENOMEM, open) shouldBe
                Blocker(
                    Blocker.Kind.MEMORY,
                    "locked memory or the memory limit is exhausted",
                    "ulimit -l (RLIMIT_MEMLOCK) and the container's memory limit",
                )
        }

        test("EINVAL below the floor means unknown flags, above it a wrong parameter") {
            Blocker.of(Errno.EINVAL, KernelSettings("5.15.0", -1, 0)).kind() shouldBe Blocker.Kind.KERNEL_TOO_OLD
            Blocker.of(Errno.EINVAL, open) shouldBe
                Blocker(
                    Blocker.Kind.OTHER,
                    "invalid argument",
                    "the parameters above against io_uring_setup(2) and dmesg",
                )
        }

        listOf(
            "6.1.0" to false,
            "6.1-rc4" to false,
            "6.18.44-fc" to false,
            "10.0.1" to false,
            "7.0" to false,
            "6.0.19" to true,
            "5.15.0-91-generic" to true,
            "unreadable" to false,
            "" to false,
        ).forEach { (release, below) ->
            test("release '$release' is ${if (below) "below" else "not below"} the floor") {
                KernelSettings(release, 0, 0).belowFloor() shouldBe below
            }
        }
    })
