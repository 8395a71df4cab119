package dev.uring.bench.process

import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption
import java.security.MessageDigest
import java.util.HexFormat
import kotlin.time.Duration.Companion.seconds

/**
 * The C programs of this module, compiled with gcc at first use and kept in [directory].
 *
 * The file name carries a hash of all sources and of the compiler's version: a changed source or compiler is compiled
 * again, nothing else is.
 */
class NativePrograms(
    private val directory: Path,
    private val pool: ProcessPool,
) {
    /** Why C programs cannot be built here, or null when they can. */
    val unavailable: String? =
        if (findOnPath("gcc") == null) "gcc is not on PATH (Debian: apt-get install gcc libc6-dev)" else null

    /** The gcc version line, for the report's header. */
    val compiler: String by lazy { run("gcc-version", listOf("gcc", "--version")).output.lineSequence().first() }

    private val key: String by lazy {
        val digest = MessageDigest.getInstance("SHA-256")
        SOURCES.forEach { digest.update(source(it)) }
        digest.update((compiler + FLAGS).toByteArray())
        HexFormat.of().formatHex(digest.digest()).take(KEY_LENGTH)
    }

    /** The executable of `NAME.c`; throws [ChildFailure] with the compiler's words when it does not compile. */
    fun executable(name: String): Path {
        val target = directory.resolve("$name-$key")
        if (Files.isExecutable(target)) return target
        val sources = Files.createDirectories(directory.resolve("src-$key"))
        SOURCES.forEach { Files.write(sources.resolve(it), source(it)) }
        // Compiled beside and moved: two runs at once never see half a file.
        val unfinished = Files.createTempFile(directory, name, ".tmp")
        val result =
            run("gcc-$name", listOf("gcc") + FLAGS + listOf("-o", "$unfinished", "${sources.resolve("$name.c")}"))
        if (result.exitCode != 0) {
            Files.deleteIfExists(unfinished)
            throw ChildFailure("gcc could not compile $name.c (kernel headers older than 6.0?):\n${result.errors}")
        }
        return Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE)
    }

    private fun run(
        name: String,
        command: List<String>,
    ): ChildProcess.Finished {
        val child = pool.start(name, command)
        return child.await(COMPILE_LIMIT).also { pool.end(child) }
    }

    private fun source(name: String): ByteArray =
        checkNotNull(javaClass.getResourceAsStream("/dev/uring/bench/c/$name")) { "resource missing: $name" }
            .use { it.readBytes() }

    private companion object {
        val SOURCES =
            listOf(
                "uring.h",
                "server.h",
                "echo_uring.c",
                "echo_epoll.c",
                "file_uring.c",
                "load.c",
                "udp_uring.c",
                "load_udp.c",
            )
        val FLAGS = listOf("-O2", "-pthread")
        val COMPILE_LIMIT = 60.seconds
        const val KEY_LENGTH = 16
    }
}
