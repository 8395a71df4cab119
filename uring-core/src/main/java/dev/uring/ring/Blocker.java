package dev.uring.ring;

import dev.uring.abi.Errno;

/**
 * Why the kernel refuses io_uring, and what to do about it.
 *
 * @param kind the class of the reason, for programs
 * @param cause one sentence without its full stop
 * @param remedy what to check or do, without a full stop
 */
public record Blocker(Kind kind, String cause, String remedy) {

  /** Classes of reasons. */
  public enum Kind {
    /** {@code kernel.io_uring_disabled} is 1 or 2. */
    SYSCTL,
    /** A seccomp filter, as containers install by default, or a security module. */
    SECCOMP,
    /** The kernel is below 6.1 or built without io_uring. */
    KERNEL_TOO_OLD,
    /** Locked or other memory is short. */
    MEMORY,
    /** No descriptor is free. */
    DESCRIPTORS,
    /** A thread other than the ring's owner made the call, or the object exists already. */
    OWNER,
    /** Not Linux on x86_64 or aarch64. */
    PLATFORM,
    /** Anything else. */
    OTHER
  }

  private static final String SECCOMP_REMEDY =
      "the container's seccomp profile must allow io_uring_setup, io_uring_enter and io_uring_register";

  /** Classifies error number {@code errno} of a setup call under {@code settings}. */
  public static Blocker of(int errno, KernelSettings settings) {
    return switch (errno) {
      case Errno.EPERM, Errno.EACCES -> notPermitted(settings);
      case Errno.ENOSYS -> noSuchCall(settings);
      case Errno.ENOMEM ->
        new Blocker(
            Kind.MEMORY,
            "locked memory or the memory limit is exhausted",
            "ulimit -l (RLIMIT_MEMLOCK) and the container's memory limit");
      case Errno.EMFILE, Errno.ENFILE ->
        new Blocker(
            Kind.DESCRIPTORS,
            "no descriptor is free",
            "ulimit -n (RLIMIT_NOFILE) and sysctl fs.file-max");
      case Errno.EEXIST ->
        new Blocker(
            Kind.OWNER,
            "the calling thread is not the ring's owner, or the group is registered already",
            "that the call is made on the thread that enabled the ring, and once per group");
      default -> settings.belowFloor() ? tooOld(settings) : other(errno);
    };
  }

  private static Blocker notPermitted(KernelSettings settings) {
    return switch (settings.ioUringDisabled()) {
      case 1 ->
        new Blocker(
            Kind.SYSCTL,
            "io_uring is reserved to privileged processes (kernel.io_uring_disabled=1)",
            "sysctl kernel.io_uring_disabled=0 allows it to all, kernel.io_uring_group=GID to one group");
      case 2 ->
        new Blocker(
            Kind.SYSCTL,
            "io_uring is disabled (kernel.io_uring_disabled=2)",
            "sysctl kernel.io_uring_disabled=0 allows it");
      default -> filtered(settings);
    };
  }

  private static Blocker filtered(KernelSettings settings) {
    return settings.seccompMode() > 0
        ? new Blocker(Kind.SECCOMP, "a seccomp filter blocks io_uring", SECCOMP_REMEDY)
        : new Blocker(
            Kind.SECCOMP,
            "a security module blocks io_uring",
            "SELinux or AppArmor denials in the kernel's audit log");
  }

  private static Blocker noSuchCall(KernelSettings settings) {
    if (settings.belowFloor()) {
      return tooOld(settings);
    }
    return settings.seccompMode() > 0
        ? filtered(settings)
        : new Blocker(
            Kind.KERNEL_TOO_OLD,
            "the kernel was built without io_uring",
            "that CONFIG_IO_URING=y in its configuration");
  }

  /** Returns the reason that the running kernel is below {@link KernelSettings#FLOOR}. */
  public static Blocker tooOld(KernelSettings settings) {
    return new Blocker(
        Kind.KERNEL_TOO_OLD,
        "kernel %s is older than %s".formatted(settings.release(), KernelSettings.FLOOR),
        "uname -r; use a kernel of %s or newer".formatted(KernelSettings.FLOOR));
  }

  /**
   * Returns the reason that the kernel lacks {@code what}, which every kernel from the floor on
   * has.
   */
  static Blocker lacks(String what) {
    return new Blocker(
        Kind.KERNEL_TOO_OLD,
        "the kernel lacks what every kernel from %s on has: %s"
            .formatted(KernelSettings.FLOOR, what),
        "uname -r, and whether a filter or an emulation layer stands between program and kernel");
  }

  private static Blocker other(int errno) {
    return new Blocker(
        Kind.OTHER,
        Errno.describe(errno),
        "the parameters above against io_uring_setup(2) and dmesg");
  }
}
