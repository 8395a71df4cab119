package dev.uring.bench.process

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * A child that speaks the line protocol of `SubjectControl`: measured servers and load generators.
 *
 * Announces itself with `@bench READY {…}`; each request line gets one reply line, a JSON object.
 */
class ControlledProcess(
    val child: ChildProcess,
    within: Duration = START_LIMIT,
) {
    /** What the process said about itself when it was ready. */
    val announcement: JsonObject = parse(child.receive(PREFIX + "READY ", within))

    /** Sends one line and returns the reply, which may carry an `error`. */
    fun request(
        line: String,
        within: Duration = REPLY_LIMIT,
    ): JsonObject {
        child.send(line)
        return parse(child.receive(PREFIX, within))
    }

    private fun parse(text: String): JsonObject = Json.parseToJsonElement(text).jsonObject

    companion object {
        const val PREFIX = "@bench "
        private val START_LIMIT = 60.seconds
        private val REPLY_LIMIT = 30.seconds
    }
}

/** The `error` of a reply, or null. */
val JsonObject.error: String? get() = this["error"]?.jsonPrimitive?.content
