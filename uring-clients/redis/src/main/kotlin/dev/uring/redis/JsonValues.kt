package dev.uring.redis

import dev.uring.redis.commands.SetCondition
import dev.uring.redis.commands.jsonArrAppend
import dev.uring.redis.commands.jsonGet
import dev.uring.redis.commands.jsonMGet
import dev.uring.redis.commands.jsonMerge
import dev.uring.redis.commands.jsonSet
import kotlinx.serialization.KSerializer
import kotlinx.serialization.StringFormat
import kotlinx.serialization.builtins.ListSerializer
import kotlinx.serialization.serializer

/**
 * JSON documents at the server as the program's own types: `client.jsonValues(Json).jsonGet<Order>("order:7")`.
 *
 * ### Shapes and units
 * A path that begins with `$` may lead to many values, or to none; one of the old kind, `.name`, to exactly one. What is not
 * about values, such as lengths or counters, is for the commands themselves: `client.jsonNumIncrBy(…)`.
 * ### Threading and cancellation
 * As the client that it is of; it has no state of its own.
 * ### Errors
 * As [RedisExecutor]; the format's `SerializationException` where a value is not what was asked for. `NoClassDefFoundError`:
 * `kotlinx-serialization` is an optional dependency, which a program that uses this has to name.
 *
 * @sample samples.redis.documents
 */
public class JsonValues<K : Any>
    @PublishedApi
    internal constructor(
        private val executor: RedisExecutor<K, *>,
        private val format: StringFormat,
    ) {
        /** Writes [value] to where [path] leads; a new key only at its root. Returns whether [condition] held. */
        public suspend inline fun <reified T> jsonSet(
            key: K,
            value: T,
            path: String = ROOT,
            condition: SetCondition? = null,
        ): Boolean = jsonSet(serializer<T>(), key, value, path, condition)

        /** As above, with a serializer of one's own. */
        public suspend fun <T> jsonSet(
            serializer: KSerializer<T>,
            key: K,
            value: T,
            path: String = ROOT,
            condition: SetCondition? = null,
        ): Boolean = executor.jsonSet(key, path, format.encodeToString(serializer, value), condition)

        /** Merges [value] into what [path] leads to (RFC 7396). Since RedisJSON 2.6. */
        public suspend inline fun <reified T> jsonMerge(
            key: K,
            value: T,
            path: String = ROOT,
        ): Unit = jsonMerge(serializer<T>(), key, value, path)

        /** As above, with a serializer of one's own. */
        public suspend fun <T> jsonMerge(
            serializer: KSerializer<T>,
            key: K,
            value: T,
            path: String = ROOT,
        ): Unit = executor.jsonMerge(key, path, format.encodeToString(serializer, value))

        /** Appends [values] to the arrays that [path] leads to. Returns the length of each; null for what is no array. */
        public suspend inline fun <reified T> jsonArrAppend(
            key: K,
            path: String,
            vararg values: T,
        ): List<Long?> = jsonArrAppend(serializer<T>(), key, path, values.asList())

        /** As above, with a serializer of one's own. */
        public suspend fun <T> jsonArrAppend(
            serializer: KSerializer<T>,
            key: K,
            path: String,
            values: Collection<T>,
        ): List<Long?> = executor.jsonArrAppend(key, path, values.map { format.encodeToString(serializer, it) })

        /** The first value that [path] leads to; null when there is none, or no such key. */
        public suspend inline fun <reified T> jsonGet(
            key: K,
            path: String = ROOT,
        ): T? = jsonGet(serializer<T>(), key, path)

        /** As above, with a serializer of one's own. */
        public suspend fun <T> jsonGet(
            serializer: KSerializer<T>,
            key: K,
            path: String = ROOT,
        ): T? = jsonGetAll(serializer, key, path).firstOrNull()

        /** All values that [path] leads to. */
        public suspend inline fun <reified T> jsonGetAll(
            key: K,
            path: String = ROOT,
        ): List<T> = jsonGetAll(serializer<T>(), key, path)

        /** As above, with a serializer of one's own. */
        public suspend fun <T> jsonGetAll(
            serializer: KSerializer<T>,
            key: K,
            path: String = ROOT,
        ): List<T> = decode(serializer, path, executor.jsonGet(key, path))

        /** For each key, the first value that [path] leads to; null when there is none, or no such key. */
        public suspend inline fun <reified T> jsonMGet(
            keys: Collection<K>,
            path: String = ROOT,
        ): List<T?> = jsonMGet(serializer<T>(), keys, path)

        /** As above, with a serializer of one's own. */
        public suspend fun <T> jsonMGet(
            serializer: KSerializer<T>,
            keys: Collection<K>,
            path: String = ROOT,
        ): List<T?> = executor.jsonMGet(keys, path).map { decode(serializer, path, it).firstOrNull() }

        private fun <T> decode(
            serializer: KSerializer<T>,
            path: String,
            json: String?,
        ): List<T> =
            when {
                json == null -> emptyList()
                path.startsWith(ROOT) -> format.decodeFromString(ListSerializer(serializer), json)
                else -> listOf(format.decodeFromString(serializer, json))
            }

        /** What is the same for all. */
        public companion object {
            /** The path of a whole document. */
            public const val ROOT: String = "$"
        }
    }

/** The JSON documents of this client's server as [format] reads and writes them; see [JsonValues]. */
public fun <K : Any> RedisExecutor<K, *>.jsonValues(format: StringFormat): JsonValues<K> = JsonValues(this, format)
