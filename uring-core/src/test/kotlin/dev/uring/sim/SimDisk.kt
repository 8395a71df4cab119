package dev.uring.sim

import dev.uring.abi.Errno
import dev.uring.abi.Fcntl
import java.util.TreeMap

/**
 * The files of one host, in memory; what was not synced may be lost, in part or whole, when the host loses power.
 *
 * Names are changed at once and for good, as a file system with a journal does it.
 */
internal class SimDisk(
    private val world: World,
) {
    private val nodes = TreeMap<String, SimFile>()
    private var lastInode = 1L

    /** Bytes that fit on it. */
    var capacityBytes = Long.MAX_VALUE

    init {
        nodes["/"] = SimFile(lastInode, isDirectory = true)
    }

    private val usedBytes: Long get() = nodes.values.sumOf { it.size.toLong() }

    fun find(path: String): SimFile? = nodes[path]

    /** A file, or a negative errno. */
    fun open(
        path: String,
        flags: Int,
    ): Pair<SimFile?, Int> {
        val found = nodes[path]
        val mayCreate = flags and Fcntl.O_CREAT != 0
        val isChanged = flags and ACCESS_MODE != Fcntl.O_RDONLY
        return when {
            flags and Fcntl.O_DIRECT != 0 -> {
                null to -Errno.EINVAL
            }

            found == null && !mayCreate -> {
                null to -Errno.ENOENT
            }

            found == null -> {
                create(path, isDirectory = false)
            }

            mayCreate && flags and Fcntl.O_EXCL != 0 -> {
                null to -Errno.EEXIST
            }

            found.isDirectory && isChanged -> {
                null to -Errno.EISDIR
            }

            !found.isDirectory && flags and Fcntl.O_DIRECTORY != 0 -> {
                null to -Errno.ENOTDIR
            }

            else -> {
                if (flags and Fcntl.O_TRUNC != 0 && isChanged) found.truncate(0)
                found to 0
            }
        }
    }

    fun create(
        path: String,
        isDirectory: Boolean,
    ): Pair<SimFile?, Int> {
        if (path in nodes) return null to -Errno.EEXIST
        val parent = nodes[parentOf(path)] ?: return null to -Errno.ENOENT
        if (!parent.isDirectory) return null to -Errno.ENOTDIR
        return SimFile(++lastInode, isDirectory).also { nodes[path] = it } to 0
    }

    fun rename(
        from: String,
        to: String,
    ): Int {
        val moved = nodes[from] ?: return -Errno.ENOENT
        if (nodes[parentOf(to)]?.isDirectory != true) return -Errno.ENOENT
        if (nodes[to]?.isDirectory == true && childrenOf(to).isNotEmpty()) return -Errno.ENOTEMPTY
        val below = childrenOf(from).map { it to checkNotNull(nodes[it]) }
        nodes.remove(from)
        nodes[to] = moved
        for ((path, node) in below) {
            nodes.remove(path)
            nodes[to + path.removePrefix(from)] = node
        }
        return 0
    }

    fun unlink(
        path: String,
        isDirectory: Boolean,
    ): Int {
        val found = nodes[path]
        return when {
            found == null -> -Errno.ENOENT
            found.isDirectory && !isDirectory -> -Errno.EISDIR
            !found.isDirectory && isDirectory -> -Errno.ENOTDIR
            found.isDirectory && childrenOf(path).isNotEmpty() -> -Errno.ENOTEMPTY
            else -> 0.also { nodes.remove(path) }
        }
    }

    /** Tells what lies in a directory; 0 or a negative errno. */
    fun list(
        path: String,
        tell: (String, SimFile) -> Unit,
    ): Int {
        val directory = nodes[path] ?: return -Errno.ENOENT
        if (!directory.isDirectory) return -Errno.ENOTDIR
        for ((name, node) in nodes) {
            if (name != path && parentOf(name) == path) tell(name.substringAfterLast('/'), node)
        }
        return 0
    }

    /** Writes what fits and what the faults leave of it; a count or a negative errno. */
    fun write(
        file: SimFile,
        bytes: ByteArray,
        position: Int,
    ): Int {
        val grows = maxOf(0, position + bytes.size - file.size)
        val room = minOf(capacityBytes - usedBytes, bytes.size.toLong()).toInt()
        val taken = if (grows <= capacityBytes - usedBytes) bytes.size else maxOf(0, room)
        if (taken == 0 && bytes.isNotEmpty()) return -Errno.ENOSPC
        val isTorn = taken > 1 && world.chance(world.faults.tornWrites)
        val count = if (isTorn) world.random.nextInt(1, taken) else taken
        file.write(bytes, position, count)
        return count
    }

    /** Of what was not synced, the host keeps some writes, parts of others, and nothing of the rest. */
    fun losePower() {
        nodes.values.forEach { it.losePower(world) }
        world.note("power lost")
    }

    private fun childrenOf(path: String): List<String> = nodes.keys.filter { it.startsWith("$path/") }

    private fun parentOf(path: String): String = path.substringBeforeLast('/').ifEmpty { "/" }

    private companion object {
        const val ACCESS_MODE = 3
    }
}

/** One file: what is read, what would be left without power, and the writes in between. */
internal class SimFile(
    val inode: Long,
    val isDirectory: Boolean,
) {
    private var bytes = ByteArray(0)
    private var synced = ByteArray(0)
    private val unsynced = mutableListOf<Write>()

    private class Write(
        val position: Int,
        val bytes: ByteArray,
    )

    val size: Int get() = bytes.size

    fun read(
        position: Int,
        most: Int,
    ): ByteArray = if (position >= size) ByteArray(0) else bytes.copyOfRange(position, minOf(size, position + most))

    fun write(
        from: ByteArray,
        position: Int,
        count: Int,
    ) {
        val written = Write(position, from.copyOf(count))
        bytes = bytes.with(written, count)
        unsynced += written
    }

    fun truncate(newSize: Int) {
        bytes = bytes.copyOf(newSize)
        // Sizes are the journal's, which brings what they are of with them.
        sync()
    }

    fun sync() {
        synced = bytes.copyOf()
        unsynced.clear()
    }

    fun losePower(world: World) {
        var left = synced
        for (write in unsynced) {
            // Nothing of it, all of it, or what the device had got to.
            left = left.with(write, world.random.nextInt(write.bytes.size + 1))
        }
        bytes = left
        sync()
    }

    private fun ByteArray.with(
        write: Write,
        count: Int,
    ): ByteArray {
        if (count == 0) return this
        val changed = copyOf(maxOf(size, write.position + count))
        write.bytes.copyInto(changed, write.position, 0, count)
        return changed
    }
}
