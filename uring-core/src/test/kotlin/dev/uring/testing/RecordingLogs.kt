package dev.uring.testing

import org.slf4j.ILoggerFactory
import org.slf4j.IMarkerFactory
import org.slf4j.Marker
import org.slf4j.event.Level
import org.slf4j.helpers.BasicMarkerFactory
import org.slf4j.helpers.LegacyAbstractLogger
import org.slf4j.helpers.MessageFormatter
import org.slf4j.helpers.NOPMDCAdapter
import org.slf4j.spi.MDCAdapter
import org.slf4j.spi.SLF4JServiceProvider

/**
 * Prints warnings and errors, each on one line that begins with its level: for child processes, started with
 * `-Dslf4j.provider=dev.uring.testing.RecordingLogs`.
 */
internal class RecordingLogs : SLF4JServiceProvider {
    private val loggers = ILoggerFactory(::LineLogger)
    private val markers = BasicMarkerFactory()

    override fun getLoggerFactory(): ILoggerFactory = loggers

    override fun getMarkerFactory(): IMarkerFactory = markers

    override fun getMDCAdapter(): MDCAdapter = NOPMDCAdapter()

    override fun getRequestedApiVersion(): String = "2.0.99"

    override fun initialize() = Unit
}

private class LineLogger(
    name: String,
) : LegacyAbstractLogger() {
    init {
        this.name = name
    }

    override fun isTraceEnabled() = false

    override fun isDebugEnabled() = false

    override fun isInfoEnabled() = false

    override fun isWarnEnabled() = true

    override fun isErrorEnabled() = true

    override fun getFullyQualifiedCallerName(): String? = null

    override fun handleNormalizedLoggingCall(
        level: Level,
        marker: Marker?,
        messagePattern: String,
        arguments: Array<out Any?>?,
        throwable: Throwable?,
    ) {
        val message = MessageFormatter.basicArrayFormat(messagePattern, arguments)
        println("$level ${message.replace('\n', '|')} ${throwable ?: ""}".trimEnd())
    }

    private companion object {
        const val serialVersionUID = 1L
    }
}
