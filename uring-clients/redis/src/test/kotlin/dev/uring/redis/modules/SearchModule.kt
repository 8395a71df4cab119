package dev.uring.redis.modules

import dev.uring.dsl.UringScope
import dev.uring.redis.RealRedis
import dev.uring.redis.RedisClient
import dev.uring.redis.RespVersion
import dev.uring.redis.commands.WireClient
import dev.uring.redis.withClient
import io.kotest.core.test.Enabled
import java.io.File

/** RediSearch 1.2 as Debian has it: of version 2 there is no package. */
internal const val SEARCH_MODULE = "/usr/lib/redis/modules/redisearch.so"

/** Whether tests that need the module can run; with CI=true they must. */
internal val searchModuleThere: Enabled by lazy {
    when {
        File(SEARCH_MODULE).exists() -> Enabled.enabled
        System.getenv("CI") == "true" -> error("CI=true, but $SEARCH_MODULE is not installed")
        else -> Enabled.disabled("not installed: $SEARCH_MODULE (Debian: apt-get install redis-redisearch)")
    }
}

/** Runs [block] with a client of a server that has loaded RediSearch. */
internal fun withSearch(
    version: RespVersion,
    block: suspend UringScope.(RedisClient) -> Unit,
) = RealRedis("--loadmodule", SEARCH_MODULE).use { redis ->
    withClient(redis, configure = { copy(protocol = version) }, block = block)
}

/** What a module says of one of its commands: [firstKey] is 0 for none. */
internal class ModuleCommand(
    val name: String,
    val flags: Set<String>,
    val firstKey: Long,
)

/** The commands of RediSearch that the server at [url] has. */
internal fun moduleCommands(url: String): List<ModuleCommand> =
    WireClient(url).use { client ->
        client.ask("HELLO", "3")
        val names = (client.ask("COMMAND", "LIST", "FILTERBY", "MODULE", "ft") as List<*>).map { it as String }
        (client.ask("COMMAND", "INFO", *names.toTypedArray()) as List<*>).map { info ->
            val said = info as List<*>
            ModuleCommand(said[0] as String, (said[2] as List<*>).map { it as String }.toSet(), said[3] as Long)
        }
    }
