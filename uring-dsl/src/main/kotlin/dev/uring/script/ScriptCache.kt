package dev.uring.script

import java.io.File
import java.io.IOException
import java.io.OutputStream
import java.nio.file.FileSystemException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.nio.file.StandardCopyOption.REPLACE_EXISTING
import java.nio.file.attribute.FileTime
import java.security.MessageDigest
import kotlin.io.path.createDirectories
import kotlin.io.path.deleteIfExists
import kotlin.io.path.getLastModifiedTime
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.outputStream
import kotlin.io.path.setLastModifiedTime

/**
 * Compiled scripts as jars in [folder], one per key.
 *
 * The key holds everything that decides what the compiler writes: the script's name and text, the versions of Kotlin and the
 * JDK, and name, size and time of each file on the class path. So nothing in the folder is ever out of date, only unused.
 *
 * Several processes may use one folder: a jar appears whole, by an atomic move, and a jar that vanishes under its reader is
 * compiled again. At most [JARS_MAX] jars stay, those used last.
 */
internal class ScriptCache(
    private val folder: Path,
    private val classPath: List<File>,
) {
    /** Where the jar of [script] is or will be. */
    fun jarOf(script: ScriptText): Path = folder.resolve(key(script) + ".jar")

    /** The jar of [script] when it is there, marked as used. */
    fun find(script: ScriptText): Path? {
        val jar = jarOf(script)
        return try {
            jar.setLastModifiedTime(FileTime.fromMillis(System.currentTimeMillis()))
            jar
        } catch (_: FileSystemException) {
            // Absent, or a folder of someone else's that we may read but not touch.
            jar.takeIf { Files.isReadable(it) }
        }
    }

    /** Stores what [write] writes as the jar of [script]; stores nothing when [write] returns false. Returns what it returned. */
    fun store(
        script: ScriptText,
        write: (OutputStream) -> Boolean,
    ): Boolean {
        folder.createDirectories()
        val part = Files.createTempFile(folder, "compiling-", ".part")
        try {
            if (!part.outputStream().use(write)) return false
            val jar = jarOf(script)
            Files.move(part, jar, ATOMIC_MOVE, REPLACE_EXISTING)
            forgetUnused(except = jar)
            return true
        } finally {
            part.deleteIfExists()
        }
    }

    private fun forgetUnused(except: Path) {
        try {
            folder
                .listDirectoryEntries("*.jar")
                .filter { it != except }
                // Each time is read once: while this sorts, another process may use a script and set it.
                .map { it to it.getLastModifiedTime() }
                .sortedByDescending { (_, usedAt) -> usedAt }
                .drop(JARS_MAX - 1)
                .forEach { (unused, _) -> unused.deleteIfExists() }
        } catch (_: IOException) {
            // Another process cleans up too and was quicker: what it left is what is left.
        }
    }

    private fun key(script: ScriptText): String {
        val digest = MessageDigest.getInstance("SHA-256")

        // The length first: no two lists of parts give the same bytes.
        fun add(part: String) = part.toByteArray().let { digest.update("${it.size}:".toByteArray() + it) }
        add(script.fileName)
        add(script.text)
        add(KotlinVersion.CURRENT.toString())
        add(Runtime.version().toString())
        // A folder of classes, as in a build's own tests, counts file by file: its own time says nothing about their content.
        classPath.flatMap { it.walk() }.forEach { add("${it.path}:${it.length()}:${it.lastModified()}") }
        return digest.digest().toHexString()
    }

    companion object {
        /** Scripts are 10 to 100 kB as jars: a few megabytes at most. */
        const val JARS_MAX: Int = 64
    }
}
