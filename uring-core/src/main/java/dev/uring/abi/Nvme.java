package dev.uring.abi;

/**
 * Numbers of {@code <linux/nvme_ioctl.h>} and of the NVM Command Set Specification, under the names
 * the kernel uses.
 */
public final class Nvme {

  private Nvme() {}

  /**
   * {@code _IOWR('N', 0x80, struct nvme_uring_cmd)}: an I/O command through a ring. Zero in its
   * place, as some programs have it, is answered with ENOTTY.
   */
  public static final int NVME_URING_CMD_IO = 0xC0484E80;

  /** Brings what was written to the medium. */
  public static final int NVME_CMD_FLUSH = 0;

  /** Writes blocks. */
  public static final int NVME_CMD_WRITE = 1;

  /** Reads blocks. */
  public static final int NVME_CMD_READ = 2;
}
