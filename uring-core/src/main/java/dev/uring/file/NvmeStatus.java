package dev.uring.file;

import dev.uring.abi.Errno;
import dev.uring.base.FileException;

/** What an NVMe controller says of a command: NVM Express Base Specification, §Status Field. */
final class NvmeStatus {
  private static final int CODE_MASK = 0xFF;
  private static final int TYPE_SHIFT = 8;
  private static final int TYPE_MASK = 0x7;

  private NvmeStatus() {}

  /**
   * The exception for a command that failed.
   *
   * @param result a positive status word or a negative errno
   */
  static FileException refused(
      String verb, String path, NvmeNamespace namespace, long block, int blocksCount, int result) {
    String parameters =
        "block=" + block + ", blocks=" + blocksCount + ", namespace=" + namespace.number();
    if (result < 0) {
      String text = Errno.text(-result) + ", " + parameters + ".\n  Likely cause: ";
      return new FileException(
          "cannot " + verb + " " + path + ": " + text + likely(-result, namespace),
          verb,
          path,
          -result);
    }
    int type = result >> TYPE_SHIFT & TYPE_MASK;
    int code = result & CODE_MASK;
    return new FileException(
        "cannot %s %s: NVMe status=0x%x (type %d, code 0x%02x: %s), %s"
            .formatted(verb, path, result, type, code, meaning(type, code), parameters),
        verb,
        path,
        Errno.EIO);
  }

  private static String likely(int errno, NvmeNamespace namespace) {
    return switch (errno) {
      case Errno.EINVAL ->
        "it is more than commandBytesMax=" + namespace.commandBytesMax()
            + " bytes, or the device is of another namespace.";
      case Errno.EOPNOTSUPP ->
        "it takes no such commands. Open the generic character device: /dev/ng0n1, for example, where"
            + " the block device is /dev/nvme0n1.";
      case Errno.EACCES, Errno.EPERM ->
        "the process's user may not send this command. Before kernel 6.2 it takes CAP_SYS_ADMIN.";
      default -> "the disk or its driver gave up. Check dmesg.";
    };
  }

  private static String meaning(int type, int code) {
    return switch (type << TYPE_SHIFT | code) {
      case 0x001 -> "invalid opcode";
      case 0x002 -> "invalid field";
      case 0x004 -> "data transfer error";
      case 0x006 -> "internal error";
      case 0x007 -> "aborted";
      case 0x00B -> "invalid namespace";
      case 0x080 -> "block out of range";
      case 0x081 -> "capacity exceeded";
      case 0x082 -> "namespace not ready";
      case 0x182 -> "write to a read-only range";
      case 0x280 -> "write fault";
      case 0x281 -> "unrecovered read error";
      case 0x286 -> "access denied";
      default -> "see the NVMe specification";
    };
  }
}
