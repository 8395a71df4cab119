package dev.uring;

import dev.uring.DoctorReport.Row;
import dev.uring.DoctorReport.Status;
import dev.uring.abi.Posix;
import dev.uring.ffi.Libc;
import dev.uring.ffi.ResourceLimit;
import dev.uring.ring.Blocker;
import dev.uring.ring.Capability;
import dev.uring.ring.KernelSettings;
import dev.uring.ring.Opcode;
import dev.uring.ring.Probe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Examines this machine: can io_uring be used here, and if not, what is in the way.
 *
 * <h2>Shapes and units</h2>
 *
 * {@link #examine} sets up a real ring, runs a NOP through it, tries what it can, and reads the
 * settings that decide. The report has one row per fact.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Any thread; takes some milliseconds and leaves nothing behind.
 *
 * <h2>Errors</h2>
 *
 * Never throws: what is missing is a row.
 */
public final class Doctor {

  // A server that keeps fewer connections than this per process meets the limit in ordinary use.
  private static final long DESCRIPTORS_COMFORTABLE = 4096;

  private static final Path TRANSPARENT_HUGE_PAGES =
      Path.of("/sys/kernel/mm/transparent_hugepage/enabled");

  private final Probe probe;
  private final List<Row> rows = new ArrayList<>();

  private Doctor(Probe probe) {
    this.probe = probe;
  }

  /** Examines the machine. */
  public static DoctorReport examine() {
    return examine(Probe.run());
  }

  static DoctorReport examine(Probe probe) {
    return new Doctor(probe).report();
  }

  private DoctorReport report() {
    system();
    boolean nativeCallsWork =
        probe.blocker().map(Blocker::kind).filter(Blocker.Kind.PLATFORM::equals).isEmpty();
    if (nativeCallsWork) {
      limits();
    }
    ring();
    capabilities();
    opcodes();
    return new DoctorReport(probe.available(), verdict(), rows);
  }

  private String verdict() {
    return probe
        .blocker()
        .map(why -> "io_uring is blocked: %s.\n  Check: %s.".formatted(why.cause(), why.remedy()))
        .orElse("io_uring works here: a ring was set up and ran a NOP.");
  }

  private void system() {
    KernelSettings settings = probe.settings();
    String machine = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    add("system", "machine", machine, Status.INFO);
    if (settings.release().isEmpty()) {
      add("system", "kernel", "unknown", Status.INFO);
    } else if (settings.belowFloor()) {
      add(
          "system",
          "kernel",
          settings.release(),
          Status.BLOCKED,
          Blocker.tooOld(settings).remedy());
    } else {
      add("system", "kernel", settings.release(), Status.OK);
    }
    ioUringDisabled(settings.ioUringDisabled());
    seccomp(settings.seccompMode());
    add("system", "java", Runtime.version().toString(), Status.INFO);
  }

  private void ioUringDisabled(int value) {
    String name = "kernel.io_uring_disabled";
    String remedy = "sysctl kernel.io_uring_disabled=0 allows io_uring";
    switch (value) {
      case 0 -> add("system", name, "0 (allowed)", Status.OK);
      case 1 -> {
        Status status = probe.available() ? Status.INFO : Status.BLOCKED;
        add("system", name, "1 (privileged processes only)", status, remedy);
      }
      case 2 -> add("system", name, "2 (forbidden)", Status.BLOCKED, remedy);
      default -> add("system", name, "no such switch", Status.OK);
    }
  }

  private void seccomp(int mode) {
    boolean blocks =
        probe.blocker().map(Blocker::kind).filter(Blocker.Kind.SECCOMP::equals).isPresent();
    String value = switch (mode) {
      case 0 -> "0 (none)";
      case 1 -> "1 (strict)";
      case 2 -> "2 (filter)";
      default -> "unknown";
    };
    String remedy = probe.blocker().map(Blocker::remedy).orElse("");
    if (blocks) {
      add("system", "seccomp", value, Status.BLOCKED, remedy);
    } else {
      add("system", "seccomp", value, mode == 0 ? Status.OK : Status.INFO);
    }
  }

  private void limits() {
    ResourceLimit descriptors = Libc.getrlimit(Posix.RLIMIT_NOFILE);
    if (Long.compareUnsigned(descriptors.hard(), DESCRIPTORS_COMFORTABLE) < 0) {
      String remedy = "ulimit -Hn, LimitNOFILE= of the service, or the container's --ulimit nofile";
      add("limits", "open descriptors", text(descriptors), Status.WARN, remedy);
    } else {
      add("limits", "open descriptors", text(descriptors), Status.OK);
    }
    lockedMemory(Libc.getrlimit(Posix.RLIMIT_MEMLOCK));
    int[] cpus = Libc.schedGetaffinity();
    String list = Arrays.stream(cpus).mapToObj(Integer::toString).collect(Collectors.joining(","));
    add("limits", "CPUs allowed", "%d (%s)".formatted(cpus.length, list), Status.INFO);
    add("limits", "page size", Libc.pageBytes() + " bytes", Status.INFO);
    String hugePages = firstLine(TRANSPARENT_HUGE_PAGES).orElse("unknown");
    add("limits", "transparent huge pages", hugePages, Status.INFO);
  }

  private void lockedMemory(ResourceLimit limit) {
    boolean blocks =
        probe.blocker().map(Blocker::kind).filter(Blocker.Kind.MEMORY::equals).isPresent();
    String value = text(limit) + " bytes";
    if (blocks) {
      String remedy = "ulimit -l, LimitMEMLOCK= of the service, or the container's memory limit";
      add("limits", "locked memory", value, Status.BLOCKED, remedy);
    } else {
      add("limits", "locked memory", value, Status.INFO);
    }
  }

  private static String text(ResourceLimit limit) {
    return "soft %s, hard %s".formatted(limit.softText(), limit.hardText());
  }

  private void ring() {
    if (probe.available()) {
      add("ring", "NOP on a real ring", "completed", Status.OK);
      return;
    }
    Blocker why = probe.blocker().orElseThrow();
    add("ring", "NOP on a real ring", why.cause(), Status.BLOCKED, why.remedy());
  }

  private void capabilities() {
    for (Capability capability : Capability.values()) {
      String since = "since " + capability.sinceKernel();
      String name = capability.label();
      if (probe.has(capability)) {
        add("abilities", name, since, Status.OK);
      } else {
        lacking("abilities", name, since, probe.whyMissing(capability), capability.required());
      }
    }
  }

  private void opcodes() {
    for (Opcode opcode : Opcode.values()) {
      String since = "since " + opcode.sinceKernel();
      if (probe.hasOpcode(opcode.number())) {
        add("opcodes", opcode.name(), since, Status.OK);
      } else {
        lacking("opcodes", opcode.name(), since, "absent", opcode.required());
      }
    }
  }

  private void lacking(String group, String name, String since, String why, boolean required) {
    // Without any ring nothing could be asked: one blocked row says so, not one for each ability.
    boolean asked = probe.hasOpcode(Opcode.NOP.number());
    if (!asked) {
      add(group, name, since + "; not asked, io_uring is blocked", Status.INFO);
    } else if (required) {
      add(group, name, since + "; " + why, Status.BLOCKED, "uname -r; see the ring's own row");
    } else {
      add(group, name, since + "; " + why, Status.INFO);
    }
  }

  private void add(String group, String name, String value, Status status) {
    add(group, name, value, status, "");
  }

  private void add(String group, String name, String value, Status status, String remedy) {
    rows.add(new Row(group, name, value, status, remedy));
  }

  private static Optional<String> firstLine(Path file) {
    try {
      return Files.readAllLines(file).stream().findFirst();
    } catch (IOException | SecurityException unreadable) {
      return Optional.empty();
    }
  }
}
