package dev.uring.redis.server

import dev.uring.redis.codec.multibulk
import kotlin.random.Random

/** Random requests together with the replies that a plain map gives to them. */
internal class RandomScript(
    private val random: Random,
    private val keyPrefix: String,
) {
    val requests = StringBuilder()
    val replies = StringBuilder()
    private val model = sortedMapOf<String, String>()
    private var serial = 0

    fun addCommand() {
        when (random.nextInt(12)) {
            0, 1, 2 -> {
                val key = key()
                val value = value()
                model[key] = value
                add(multibulk("SET", key, value), "+OK\r\n")
            }

            3, 4 -> {
                key().let { add(multibulk("GET", it), bulk(model[it])) }
            }

            5 -> {
                val keys = List(random.nextInt(1, 6)) { key() }
                add(
                    multibulk("MGET", *keys.toTypedArray()),
                    keys.joinToString("", "*${keys.size}\r\n") { bulk(model[it]) },
                )
            }

            6 -> {
                val pairs = List(random.nextInt(1, 6)) { key() to value() }
                model.putAll(pairs)
                add(multibulk("MSET", *pairs.flatMap { it.toList() }.toTypedArray()), "+OK\r\n")
            }

            7 -> {
                val keys = List(random.nextInt(1, 4)) { key() }
                val removed = keys.count { model.remove(it) != null }
                add(multibulk("DEL", *keys.toTypedArray()), ":$removed\r\n")
            }

            8 -> {
                // One key at most, so that the order of the workers does not matter.
                val key = key()
                val found = if (key in model) "*1\r\n${bulk(key)}" else "*0\r\n"
                add(multibulk("KEYS", key), found)
            }

            9 -> {
                add("ECHO x${++serial}\r\n", bulk("x$serial"))
            }

            10 -> {
                add("nonsense a\r\n", "-ERR unknown command 'nonsense', with args beginning with: 'a' \r\n")
            }

            else -> {
                add(multibulk("GET"), "-ERR wrong number of arguments for 'get' command\r\n")
            }
        }
    }

    private fun add(
        request: String,
        reply: String,
    ) {
        requests.append(request)
        replies.append(reply)
    }

    private fun key() = keyPrefix + random.nextInt(8)

    // A value says whose and which it is: a mixed-up reply shows.
    private fun value() = "$keyPrefix${++serial}".padEnd(random.nextInt(1, 30), '.')

    private fun bulk(value: String?) = if (value == null) "$-1\r\n" else "$${value.length}\r\n$value\r\n"
}
