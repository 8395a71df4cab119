package dev.uring.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the kernel knows about a namespace of an NVMe disk.
 *
 * @param number its identifier at the controller (NSID), 1 or more; often, but not always, the last
 *     number in the device's name
 * @param blockBytes size of a block, in bytes: a power of two up to 65536
 * @param blocksCount how many blocks it has
 * @param commandBytesMax most bytes that one command may read or write: the least of what the
 *     controller (its MDTS), its driver and the kernel allow
 */
public record NvmeNamespace(int number, int blockBytes, long blocksCount, int commandBytesMax) {
  private static final int BLOCK_BYTES_MAX = 1 << 16;

  // Whatever the block size is, sysfs counts in these.
  private static final int SECTOR_BYTES = 512;
  private static final int KIB = 1024;
  private static final Path BLOCK_DEVICES = Path.of("/sys/block");
  private static final Pattern GENERIC_DEVICE = Pattern.compile("ng(\\d+n\\d+)");

  /** Checks the values. */
  public NvmeNamespace {
    if (number < 1
        || Integer.bitCount(blockBytes) != 1
        || blockBytes < 1
        || blockBytes > BLOCK_BYTES_MAX
        || blocksCount < 0
        || commandBytesMax < blockBytes) {
      throw new IllegalArgumentException("number=" + number + " must be 1 or more, blockBytes="
          + blockBytes + " a power of two up to " + BLOCK_BYTES_MAX + ", blocksCount=" + blocksCount
          + " not negative, commandBytesMax=" + commandBytesMax + " a block or more");
    }
  }

  /**
   * Asks the kernel about a device. Any thread; reads four small files that are not on a disk.
   *
   * @param path of the generic character device, such as {@code /dev/ng0n1}, or a link to it
   * @return its namespace
   * @throws dev.uring.base.FileException it is no such device, or there is none of that name
   */
  public static NvmeNamespace of(String path) {
    return of(path, BLOCK_DEVICES);
  }

  static NvmeNamespace of(String path, Path blockDevices) {
    Path device;
    try {
      device = Path.of(path).toRealPath();
    } catch (NoSuchFileException absent) {
      throw refused(path, "there is no such file");
    } catch (IOException failure) {
      throw refused(path, failure.toString());
    }
    Matcher name = GENERIC_DEVICE.matcher(device.getFileName().toString());
    if (!name.matches()) {
      throw refused(
          path,
          "it is not the generic character device of an NVMe disk.\n  Commands go"
              + " to /dev/ng0n1, for example, where the disk as a block device is /dev/nvme0n1");
    }
    // The two have the same numbers in their names, and only the block device has these files.
    Path disk = blockDevices.resolve("nvme" + name.group(1));
    try {
      int blockBytes = Math.toIntExact(number(disk.resolve("queue/logical_block_size")));
      long sectors = number(disk.resolve("size"));
      int number = Math.toIntExact(number(disk.resolve("nsid")));
      long commandKib = number(disk.resolve("queue/max_hw_sectors_kb"));
      return new NvmeNamespace(number, blockBytes, sectors / (blockBytes / SECTOR_BYTES), (int)
          Math.min(commandKib * KIB, Integer.MAX_VALUE));
    } catch (IOException | ArithmeticException | IllegalArgumentException failure) {
      throw refused(
          path,
          "its description in " + disk + " cannot be read: " + failure
              + ".\n  Is /sys mounted? Else give the values yourself, as nvme id-ns tells them");
    }
  }

  private static long number(Path file) throws IOException {
    return Long.parseLong(Files.readString(file).strip());
  }

  private static RuntimeException refused(String path, String why) {
    return FileErrors.refusedHere("ask the namespace of", path, why + ".");
  }
}
