package dev.uring.redis

import dev.uring.redis.cache.RedisAsyncCache
import dev.uring.redis.cache.RedisCache
import dev.uring.redis.cluster.RedisAsyncCluster
import dev.uring.redis.cluster.RedisCluster
import dev.uring.redis.commands.RedisAsyncCommands
import dev.uring.redis.commands.RedisBatchCommands
import dev.uring.redis.commands.RedisBlockingCommands
import dev.uring.redis.sharded.RedisAsyncSharded
import dev.uring.redis.sharded.RedisSharded
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.lang.reflect.Modifier
import java.nio.file.Files
import java.nio.file.Path
import kotlin.reflect.KClass
import kotlin.reflect.KFunction
import kotlin.reflect.KVisibility
import kotlin.reflect.full.declaredMemberFunctions
import kotlin.reflect.jvm.jvmErasure
import kotlin.reflect.jvm.kotlinFunction

/** Whatever Kotlin can call, Java can: compares the functions that are there, not a list that somebody has to keep. */
class JavaFacesTest :
    FunSpec({
        test("every function of a client that suspends or gives a flow has its like for Java, or a reason why not") {
            val missing =
                ofPackages { it != COMMANDS }
                    .filter { it.isForCoroutines() }
                    .flatMap { function ->
                        val receiver =
                            function.parameters
                                .first()
                                .type.jvmErasure
                        facesOf(receiver).map { face ->
                            "${face.simpleName}.${function.name}" to
                                (face has function.name)
                        }
                    }.filter { (name, isThere) -> !isThere && name !in LEFT_OUT }
            missing.map { it.first }.distinct().shouldBeEmpty()
        }

        test("so has every member of the clients") {
            val missing =
                FACES.flatMap { (client, face) ->
                    client.declaredMemberFunctions
                        .filter { it.visibility == KVisibility.PUBLIC && it.name !in PLAIN }
                        .map { it.name }
                        .filter { !(face has it) && "${face.simpleName}.$it" !in LEFT_OUT }
                        .map { "${face.simpleName}.$it" }
                }
            missing.shouldBeEmpty()
        }

        test("every typed command is there in stages and blocking, and in a batch unless it waits at the server") {
            val functions = ofPackages { it == COMMANDS }
            val suspending = functions.filter { it.isSuspend && it.isOn(RedisExecutor::class) }.map { it.name }.toSet()
            val batched = functions.filter { it.isOn(RedisBatch::class) }.map { it.name }.toSet()
            println(
                "Java: ${suspending.size} typed commands in stages and blocking, ${batched.size} of them in batches",
            )
            suspending.size shouldBeGreaterThan 300
            suspending.filterNot { RedisAsyncCommands::class has it }.shouldBeEmpty()
            suspending.filterNot { RedisBlockingCommands::class has it }.shouldBeEmpty()
            batched.filterNot { RedisBatchCommands::class has it }.shouldBeEmpty()
        }

        test("what is left out is there in Kotlin and not in Java") {
            val known =
                ofPackages { it != COMMANDS }.map { it.name }.toSet() +
                    FACES.flatMap { (client, _) -> client.declaredMemberFunctions.map { it.name } }
            LEFT_OUT.keys.filterNot { it.substringAfter('.') in known }.shouldBeEmpty()
            for (name in LEFT_OUT.keys) {
                val face = FACES.map { it.second }.single { it.simpleName == name.substringBefore('.') }
                (name to (face has name.substringAfter('.'))) shouldBe (name to false)
            }
        }
    })

private const val COMMANDS = "dev.uring.redis.commands"

/** Which class is whose face. */
private val FACES: List<Pair<KClass<*>, KClass<*>>> =
    listOf(
        RedisClient::class to RedisAsyncClient::class,
        RedisCluster::class to RedisAsyncCluster::class,
        RedisSharded::class to RedisAsyncSharded::class,
        RedisCache::class to RedisAsyncCache::class,
        WatchScope::class to RedisAsyncWatch::class,
    )

/** What Java calls otherwise: a flow is something to go through, not a `Flow`. */
private val OTHERWISE =
    mapOf(
        "scanFlow" to "scanAll",
        "hscanFlow" to "hscanAll",
        "sscanFlow" to "sscanAll",
        "zscanFlow" to "zscanAll",
        "ftAggregateFlow" to "ftAggregateAll",
    )

/** Of every class. */
private val PLAIN = setOf("toString", "equals", "hashCode")

private const val ONE_NODES = "of one server: RedisAsyncCluster.masters() has a client for each"
private const val ONE_SERVERS = "of one server: serverOf(key) and servers() give its client"
private const val THE_CLIENTS = "of the client that the cache is in front of"

/** What a face does not have, and why. */
private val LEFT_OUT: Map<String, String> =
    buildMap {
        val ofOneServer =
            listOf(
                "watch",
                "subscribe",
                "psubscribe",
                "ssubscribe",
                "keyspaceEvents",
                "monitor",
                "scanFlow",
                "setHandedOver",
            )
        for (name in ofOneServer) {
            put("RedisAsyncCluster.$name", ONE_NODES)
            put("RedisAsyncSharded.$name", ONE_SERVERS)
            put("RedisAsyncCache.$name", THE_CLIENTS)
        }
        put("RedisAsyncCache.pipeline", THE_CLIENTS)
        put("RedisAsyncCache.transaction", THE_CLIENTS)
    }

private infix fun KClass<*>.has(name: String): Boolean = java.methods.any { it.name == (OTHERWISE[name] ?: name) }

// What is for every executor is for every client; but a watch has commands only.
private fun facesOf(receiver: KClass<*>): List<KClass<*>> =
    FACES
        .filter { (client, _) -> client != WatchScope::class && receiver.java.isAssignableFrom(client.java) }
        .map { it.second }

private fun KFunction<*>.isForCoroutines(): Boolean =
    visibility == KVisibility.PUBLIC &&
        (isSuspend || returnType.jvmErasure.qualifiedName == "kotlinx.coroutines.flow.Flow" || name == "cached")

private fun KFunction<*>.isOn(receiver: KClass<*>): Boolean =
    visibility == KVisibility.PUBLIC && parameters.firstOrNull()?.type?.jvmErasure == receiver

/** The top-level functions of the packages of this module that [isWanted]. */
private fun ofPackages(isWanted: (String) -> Boolean): List<KFunction<*>> {
    val root =
        Path.of(
            RedisClient::class.java.protectionDomain.codeSource.location
                .toURI(),
        )
    check(Files.isDirectory(root)) { "$root: the classes of this module are expected in a folder" }
    val names =
        Files.walk(root).use { files ->
            files
                .map { root.relativize(it).toString() }
                .filter { it.endsWith("Kt.class") }
                .toList()
                .map { it.removeSuffix(".class").replace('/', '.') }
        }
    return names
        .filter { isWanted(it.substringBeforeLast('.')) }
        .map { Class.forName(it) }
        .filter { Modifier.isPublic(it.modifiers) }
        .flatMap { it.declaredMethods.toList() }
        .filter { Modifier.isPublic(it.modifiers) && '$' !in it.name }
        .mapNotNull { it.kotlinFunction }
        .filter { it.parameters.isNotEmpty() }
}
