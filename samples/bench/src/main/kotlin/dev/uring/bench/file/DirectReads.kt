package dev.uring.bench.file

import com.sun.nio.file.ExtendedOpenOption
import java.nio.file.OpenOption

/** The JDK's name for O_DIRECT. In Kotlin, because javac warns of every use of it and cannot be told not to. */
object DirectReads {
    /** For `FileChannel.open` and `AsynchronousFileChannel.open`. */
    @JvmField
    val OPTION: OpenOption = ExtendedOpenOption.DIRECT
}
