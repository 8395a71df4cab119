package dev.uring.script

import dev.uring.dsl.UringScope
import dev.uring.dsl.uring
import kotlinx.coroutines.runBlocking
import java.io.File
import java.io.IOException
import java.io.PrintStream
import java.lang.reflect.InvocationTargetException
import java.net.URLClassLoader
import java.nio.file.Path
import java.util.jar.Attributes
import java.util.jar.JarFile
import kotlin.io.path.Path
import kotlin.io.path.createDirectories
import kotlin.io.path.createTempDirectory
import kotlin.io.path.deleteIfExists
import kotlin.io.path.exists
import kotlin.io.path.isDirectory
import kotlin.io.path.isReadable
import kotlin.io.path.isWritable
import kotlin.io.path.name

/**
 * Runs `*.uring.kts` scripts: compiles on the first run, starts from the compiled jar afterwards.
 *
 * ### Shapes and units
 * [cacheFolder] keeps the compiled scripts: at most 64, 10 to 100 kB each. [compiler] compiles a script that is not in it;
 * by default in this process, whose class path then needs the Kotlin scripting compiler.
 * ### Threading and cancellation
 * [run] blocks its caller until the script's servers and coroutines have ended.
 */
public class ScriptHost(
    private val cacheFolder: Path = cacheFolder(),
    private val environment: (String) -> String? = System::getenv,
    private val messages: PrintStream = System.err,
    private val compiler: Compiler? = null,
) {
    /** Compiles scripts into a host's cache folder in some other way than by [ScriptHost.compile] in this process. */
    public fun interface Compiler {
        /** Does what [ScriptHost.compile] does, with the same statuses. */
        public fun compile(file: Path): Int
    }

    private val cache =
        ScriptCache(cacheFolder, System.getProperty("java.class.path").split(File.pathSeparator).map(::File))

    /**
     * Runs the script [file] with [args] and returns the exit status for the process.
     *
     * ### Errors
     * None is thrown for what the script or its user did wrong; it is told to [messages] and becomes the status:
     * 0 the script and its servers ended in order ·
     * 1 it did not compile (`file:line:column: error: reason`) or it threw (its line first, then the stack) ·
     * 2 there is no such script, or [ScriptUsageException].
     */
    public fun run(
        file: Path,
        args: List<String>,
    ): Int {
        val script = read(file) ?: return STATUS_USAGE
        val body = load(script) ?: return STATUS_FAILED
        return try {
            runBlocking { uring { body.run(this, ScriptScope(args, environment)) } }
            STATUS_DONE
        } catch (e: ScriptUsageException) {
            messages.println("${script.fileName}: ${e.message}")
            STATUS_USAGE
        } catch (e: Throwable) {
            messages.println(ScriptFailure.render(e, script))
            STATUS_FAILED
        }
    }

    /** Compiles the script [file] into the cache folder without running it; the status is that of [run]. */
    public fun compile(file: Path): Int {
        val script = read(file) ?: return STATUS_USAGE
        return if (compileHere(script)) STATUS_DONE else STATUS_FAILED
    }

    private fun read(file: Path): ScriptText? {
        val refusal =
            when {
                file.isDirectory() -> "$file is a folder, not a script"

                !file.exists() -> "no such script: $file (looked in ${Path("").toAbsolutePath()})"

                !file.isReadable() -> "cannot read $file: permission denied"

                !file.name.endsWith(
                    ".$SCRIPT_EXTENSION",
                ) -> "$file is not a script: its name must end in .$SCRIPT_EXTENSION"

                else -> return ScriptText.read(file)
            }
        messages.println("uring: $refusal")
        return null
    }

    private fun load(script: ScriptText): ScriptBody? {
        compiled(script)?.let { return it }
        val done = compiler?.let { it.compile(script.file) == STATUS_DONE } ?: compileHere(script)
        if (!done) return null
        compiled(script)?.let { return it }
        messages.println("uring: ${script.file} changed while it was compiled: run it again")
        return null
    }

    private fun compiled(script: ScriptText): ScriptBody? {
        val jar = cache.find(script) ?: return null
        return try {
            ScriptBody.load(jar)
        } catch (_: IOException) {
            // Removed by another process just now, or cut short by a full disk: either way it is compiled again.
            jar.deleteIfExists()
            null
        }
    }

    private fun compileHere(script: ScriptText): Boolean =
        cache.store(script) { target -> ScriptCompiler.compile(script, target) { messages.println(it.render(script)) } }

    public companion object {
        internal const val STATUS_DONE: Int = 0
        internal const val STATUS_FAILED: Int = 1
        internal const val STATUS_USAGE: Int = 2

        /**
         * Where compiled scripts of this user are kept: `uring/scripts` in `$XDG_CACHE_HOME`, or in `~/.cache` without it.
         * A new temporary folder when that cannot be written: scripts then run all the same, and are compiled each time.
         */
        public fun cacheFolder(): Path {
            val caches = System.getenv("XDG_CACHE_HOME")?.takeIf { it.startsWith("/") }?.let(::Path)
            val folder = (caches ?: Path(System.getProperty("user.home"), ".cache")).resolve("uring/scripts")
            return try {
                folder.createDirectories().also { if (!it.isWritable()) throw AccessDeniedException(it.toFile()) }
            } catch (_: IOException) {
                createTempDirectory("uring-scripts-")
            }
        }
    }
}

/** A compiled script, ready to run once. */
private class ScriptBody(
    private val type: Class<*>,
) {
    // A script's statements are its class's constructor.
    fun run(
        uring: UringScope,
        scope: ScriptScope,
    ) {
        try {
            // The receivers, in the order in which UringScriptConfiguration names them.
            type.getConstructor(UringScope::class.java, ScriptScope::class.java).newInstance(uring, scope)
        } catch (e: InvocationTargetException) {
            throw e.targetException
        }
    }

    companion object {
        fun load(jar: Path): ScriptBody {
            val name = JarFile(jar.toFile()).use { it.manifest.mainAttributes.getValue(Attributes.Name.MAIN_CLASS) }
            // Never closed: the script's coroutines load their classes when they first run.
            val loader = URLClassLoader(arrayOf(jar.toUri().toURL()), ScriptHost::class.java.classLoader)
            return ScriptBody(loader.loadClass(name))
        }
    }
}
