package dev.uring.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.ObjIntConsumer;

/**
 * What a worker asks of a kernel about files.
 *
 * <h2>Shapes and units</h2>
 *
 * Files are small numbers that only their driver can read. Results are a count or file ≥ 0, or a
 * negative errno. Positions and sizes are bytes, paths are text that the driver encodes as UTF-8.
 * Flags are those of {@code open(2)}.
 *
 * <h2>Ownership</h2>
 *
 * A file belongs to whoever got it from {@link #open} until {@link #close}; those still open when
 * the driver is closed are closed with it. Paths are copied. Memory that an operation reads into or
 * writes from belongs to the operation until its answer, whatever happened meanwhile.
 *
 * <h2>Threading and cancellation</h2>
 *
 * The driver's thread, except {@link #truncateNow}. Answers come inside {@link Driver#deliver},
 * never inside the call that asks. {@link Driver#cancel} is a request; a read or write that the
 * disk has begun is not interrupted.
 */
public interface FileDriver {
  /** Stands for the working directory, where a relative path may begin. */
  int WORKING_DIRECTORY = -100;

  /** Stands for the position of what has none, such as a pipe. */
  long NO_POSITION = -1;

  /** Says that memory is not registered with the driver. */
  int UNREGISTERED = -1;

  /**
   * Opens a file: one answer, the file or a negative errno.
   *
   * @param directory where a relative path begins: a file that is a directory, or
   *     {@link #WORKING_DIRECTORY}
   * @param path what to open; with a directory of its own, no step of it may leave that
   * @param flags access mode and other {@code O_*} flags
   * @param permissions of a file that is made; 0 when none may be
   * @param operation hears the answer
   */
  void open(int directory, String path, int flags, int permissions, FileOperation operation);

  /**
   * Opens what a place stands for, whatever has its name by now: one answer, the file or a negative
   * errno.
   *
   * @param place from {@link #open} with {@code O_PATH}; stays open
   * @param flags access mode and other {@code O_*} flags
   * @param operation hears the answer
   */
  void openPlace(int place, int flags, FileOperation operation);

  /**
   * Takes over a descriptor that was opened elsewhere, as if {@link #open} had brought it: an end
   * of a pipe.
   *
   * @param descriptor handed over
   * @return the file
   * @throws UnsupportedOperationException this driver cannot
   */
  default int adopt(int descriptor) {
    throw new UnsupportedOperationException("this driver cannot read and write pipes, which child"
        + " processes need.\n  Use the driver uring; uring doctor says what keeps it from working"
        + " here.");
  }

  /**
   * Closes a file that no other operation uses: one answer.
   *
   * @param file the file
   * @param operation hears the answer
   */
  void close(int file, FileOperation operation);

  /**
   * Makes further operations on a file cheaper for the kernel by registering it.
   *
   * @param file from {@link #open}
   * @return another name of the same file, for reads, writes and syncs, until {@link #close} of the
   *     first; the name given when no more can be registered
   */
  int register(int file);

  /**
   * Reads: one answer, the number of bytes; 0 at the end of the file.
   *
   * @param file the file
   * @param address where the bytes go
   * @param bytes how many at most
   * @param position where in the file, or {@link #NO_POSITION}
   * @param region {@link #UNREGISTERED}, or the region of {@link #registeredMemory} it lies in
   * @param operation hears the answer
   */
  void read(int file, long address, int bytes, long position, int region, FileOperation operation);

  /**
   * Writes: one answer, the number of bytes.
   *
   * @param file the file
   * @param address where the bytes are
   * @param bytes how many
   * @param position where in the file
   * @param region {@link #UNREGISTERED}, or the region of {@link #registeredMemory} they lie in
   * @param operation hears the answer
   */
  void write(int file, long address, int bytes, long position, int region, FileOperation operation);

  /**
   * Writes and then syncs, as one chain that the kernel runs without asking back: one answer each.
   * After a write that failed or was short, the sync answers ECANCELED.
   *
   * @param file the file
   * @param address where the bytes are
   * @param bytes how many
   * @param position where in the file
   * @param region as for {@link #write}
   * @param write hears of the write
   * @param sync hears of the sync
   */
  void writeThenSync(
      int file,
      long address,
      int bytes,
      long position,
      int region,
      FileOperation write,
      FileOperation sync);

  /**
   * Brings what was written to the medium: one answer.
   *
   * @param file the file
   * @param dataOnly whether metadata that reading does not need, such as times, may stay behind
   * @param operation hears the answer
   */
  void sync(int file, boolean dataOnly, FileOperation operation);

  /**
   * Reserves room, and makes the file that long if it is shorter: one answer.
   *
   * @param file the file
   * @param position where the room begins
   * @param bytes how much
   * @param operation hears the answer
   */
  void allocate(int file, long position, long bytes, FileOperation operation);

  /**
   * Whether {@link #truncate} can be asked for; otherwise {@link #truncateNow} does it.
   *
   * @return always the same
   */
  boolean canTruncate();

  /**
   * Makes a file longer or shorter: one answer.
   *
   * @param file the file
   * @param bytes its new size
   * @param operation hears the answer
   */
  void truncate(int file, long bytes, FileOperation operation);

  /**
   * A second name of a file, for {@link #truncateNow}: it stays valid when the file is closed and
   * its number is given to another.
   *
   * @param file the file
   * @return the second name, or a negative errno
   */
  int duplicate(int file);

  /**
   * Makes a file longer or shorter, blocking while the file system works, and closes the name it
   * was given. Any thread but a worker's.
   *
   * @param duplicate from {@link #duplicate}
   * @param bytes its new size
   * @return 0 or a negative errno
   */
  int truncateNow(int duplicate, long bytes);

  /**
   * Renames, replacing what has the new name: one answer.
   *
   * @param from the present path
   * @param to the new path, on the same file system
   * @param operation hears the answer
   */
  void rename(String from, String to, FileOperation operation);

  /**
   * Removes a name: one answer.
   *
   * @param path what to remove
   * @param isDirectory whether it is an empty directory, or anything but a directory
   * @param operation hears the answer
   */
  void unlink(String path, boolean isDirectory, FileOperation operation);

  /**
   * Makes a directory: one answer.
   *
   * @param path its path
   * @param permissions before the process's umask
   * @param operation hears the answer
   */
  void makeDirectory(String path, int permissions, FileOperation operation);

  /**
   * Asks what is known about a path or a file: one answer, 0 with the facts, or a negative errno.
   *
   * @param file an open file when the path is empty, else {@link #WORKING_DIRECTORY}
   * @param path the path, followed through symbolic links, or empty
   * @param operation holds the facts and hears the answer
   */
  void status(int file, String path, StatusOperation operation);

  /**
   * Lists a directory that only this driver knows: tells its entries, and then one answer, 0 or a
   * negative errno.
   *
   * @param path the directory
   * @param entries is told the name and the mode of each
   * @param operation hears the answer
   * @return whether it is asked; {@code false}, unless overridden, leaves it to the caller, who
   *     reads the directory on a thread that may block
   */
  default boolean list(String path, ObjIntConsumer<String> entries, FileOperation operation) {
    return false;
  }

  /**
   * Maps a file for reading. The mapping outlives the file's closing.
   *
   * @param file the file
   * @param position where the mapping begins; a multiple of the page size
   * @param bytes how long
   * @param arena unmaps it
   * @return the memory
   */
  MemorySegment map(int file, long position, long bytes, Arena arena);

  /**
   * Registers memory for reads and writes; once for each driver.
   *
   * @param bytes how much
   */
  void registerMemory(long bytes);

  /**
   * The memory of {@link #registerMemory}, which is region 0.
   *
   * @return the memory, or null when none is registered
   */
  MemorySegment registeredMemory();

  /**
   * Files that are open.
   *
   * @return a count; 0 when nothing is leaked
   */
  int filesOpenCount();
}
