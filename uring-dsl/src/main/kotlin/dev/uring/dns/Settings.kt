package dev.uring.dns

import dev.uring.UringRuntime
import dev.uring.dsl.withBlocking
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.async
import org.slf4j.LoggerFactory
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import java.nio.file.attribute.BasicFileAttributes
import java.nio.file.attribute.FileTime
import java.security.SecureRandom
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** A [ResolverConfig] with what its files say, as of the last look at them. */
internal class Settings(
    private val config: ResolverConfig,
    conf: ResolvConf,
    private val hostsFile: HostsFile,
) {
    val servers: List<InetSocketAddress> = config.servers ?: conf.servers.ifEmpty { LOCAL_SERVER }
    val search: List<String> = config.search?.map { HostName.lower(it.removeSuffix(".")) } ?: conf.search
    val ndots: Int = config.ndots ?: conf.ndots ?: NDOTS
    val timeout: Duration = config.timeout ?: conf.timeout ?: TIMEOUT
    val attempts: Int = config.attempts ?: conf.attempts ?: ATTEMPTS
    val rotate: Boolean = config.rotate ?: conf.rotate
    val useTcp: Boolean = conf.useTcp

    fun hosts(name: String): List<InetAddress> = config.hosts[name] ?: hostsFile[name]

    private companion object {
        // What resolv.conf(5) says for a file that says nothing.
        val LOCAL_SERVER = listOf(InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), DNS_PORT))
        const val NDOTS = 1
        val TIMEOUT = 5.seconds
        const val ATTEMPTS = 2
    }
}

/**
 * The present [Settings] of one worker, and what else has to be read from files before a worker can ask: the codec's
 * classes and the seed of [random]. All of it is read beside the worker.
 *
 * Thread: the worker.
 */
internal class SettingsSource(
    private val runtime: UringRuntime,
    private val config: ResolverConfig,
    private val scope: CoroutineScope,
    private val nanoTime: () -> Long,
) {
    private val resolvConf = WatchedFile(config.resolvConf, ResolvConf.EMPTY) { parse(it) }
    private val hosts = WatchedFile(config.hostsFile, HostsFile.EMPTY, HostsFile::parse)
    private val hasFiles = config.resolvConf != null || config.hostsFile != null

    private var current: Settings? = null
    private var checkedNanos = 0L
    private var check: Deferred<Settings>? = null

    // Of the kind that has its own state: the default one has a lock that all workers would share.
    lateinit var random: SecureRandom
        private set

    suspend fun get(): Settings {
        val settings = current
        if (settings != null && !isCheckDue()) return settings
        // One look for all who wait, and not cancelled with the one who was first.
        val running = check ?: scope.async { look() }.also { check = it }
        return running.await()
    }

    private fun isCheckDue(): Boolean =
        hasFiles && nanoTime() - checkedNanos >= config.filesCheckInterval.inWholeNanoseconds

    private suspend fun look(): Settings {
        try {
            val previous = current
            val settings =
                runtime.withBlocking {
                    if (previous == null) prepare()
                    val isChanged = resolvConf.look() or hosts.look()
                    if (previous == null || isChanged) Settings(config, resolvConf.value, hosts.value) else previous
                }
            current = settings
            checkedNanos = nanoTime()
            return settings
        } finally {
            check = null
        }
    }

    private fun prepare() {
        random = SecureRandom.getInstance("DRBG")
        val warmUp = Query(Question("warm-up", RecordType.A), random, config.ednsPayloadBytes, randomizesCase = false)
        warmUp.judge(warmUp.bytes)
    }

    private fun parse(text: String): ResolvConf {
        val conf = ResolvConf.parse(text)
        conf.problems.forEach { LOG.warn("{}: {}; passed over", config.resolvConf, it) }
        return conf
    }

    private companion object {
        val LOG = LoggerFactory.getLogger(Resolver::class.java)
    }
}

/** A file's content as of the last [look] that could read it. Thread: one at a time, not a worker. */
private class WatchedFile<T>(
    private val path: Path?,
    private val empty: T,
    private val parse: (String) -> T,
) {
    private data class Stamp(
        val modified: FileTime,
        val bytes: Long,
        val key: Any?,
    )

    private var stamp: Stamp? = null

    var value: T = empty
        private set

    /** True when the content is another now. A file that cannot be read changes nothing, one that is gone is empty. */
    fun look(): Boolean {
        if (path == null) return false
        return try {
            val attributes = Files.readAttributes(path, BasicFileAttributes::class.java)
            val found = Stamp(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey())
            if (found == stamp) return false
            if (found.bytes > FILE_BYTES_MAX) throw IOException("${found.bytes} bytes, more than $FILE_BYTES_MAX")
            value = parse(String(Files.readAllBytes(path)))
            stamp = found
            true
        } catch (_: NoSuchFileException) {
            val wasThere = stamp != null
            stamp = null
            value = empty
            wasThere
        } catch (failure: IOException) {
            LOG.warn("{} cannot be read: {}. What it said before still counts", path, failure.toString())
            false
        }
    }

    private companion object {
        // Lists of a million blocked names are about 30 MB; what is larger is no such file.
        const val FILE_BYTES_MAX = 64 shl 20
        val LOG = LoggerFactory.getLogger(Resolver::class.java)
    }
}
