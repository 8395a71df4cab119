package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter

/** The values of `$name` in a query, and the dialect that the query is in: what searches and aggregations have in common. */
internal class SearchParameters {
    private val values = LinkedHashMap<String, Any>()
    var dialect: Int? = null

    fun put(
        name: String,
        value: Any,
    ) {
        values[name] = value
    }

    fun writeTo(request: CommandWriter) {
        if (values.isNotEmpty()) {
            request.arg("PARAMS").arg(2L * values.size)
            for ((name, value) in values) {
                request.arg(name)
                when (value) {
                    is Vector -> value.writeNumbersTo(request)
                    is ByteArray -> request.arg(value)
                    is Double -> request.arg(value)
                    else -> request.arg(value.toString())
                }
            }
        }
        dialect?.let { request.arg("DIALECT").arg(it.toLong()) }
    }
}
