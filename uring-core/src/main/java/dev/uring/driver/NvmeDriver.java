package dev.uring.driver;

/**
 * What a worker asks of an NVMe device without a file system in between.
 *
 * <h2>Shapes and units</h2>
 *
 * Devices are files of {@link FileDriver}, opened on the generic character device
 * ({@code /dev/ng0n1}). Results are 0, a positive NVMe status word, or a negative errno: a positive
 * one is an error too.
 *
 * <h2>Ownership</h2>
 *
 * Memory belongs to the operation until its answer.
 *
 * <h2>Threading and cancellation</h2>
 *
 * The driver's thread. A command cannot be cancelled; never give its operation to
 * {@link Driver#cancel}.
 */
public interface NvmeDriver {
  /**
   * Runs one I/O command: one answer.
   *
   * @param device the file
   * @param opcode of the NVM command set
   * @param namespace the namespace's number
   * @param address of the data, or 0
   * @param bytes how much data
   * @param block number of the first block
   * @param blocksCount how many blocks; 0 for a command that names none
   * @param operation hears the answer
   */
  void command(
      int device,
      int opcode,
      int namespace,
      long address,
      int bytes,
      long block,
      int blocksCount,
      FileOperation operation);
}
