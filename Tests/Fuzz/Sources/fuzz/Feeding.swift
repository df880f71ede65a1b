import FuzzEntries
import Glibc

/// The entry that the environment names.
private let entry: FuzzEntry? = {
    guard let name = unsafe getenv("FUZZ_ENTRY") else { return nil }
    return FuzzEntry.all.first { unsafe $0.name == String(cString: name) }
}()

/// What libFuzzer calls with each input, by this name.
@c
public func LLVMFuzzerTestOneInput(_ start: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    do {
        try unsafe entry?.run(Array(UnsafeBufferPointer(start: start, count: size)))
    } catch {
        let words = Array("broken promise: \(error)\n".utf8)
        _ = unsafe write(STDERR_FILENO, words, words.count)
        // libFuzzer keeps the input of whatever aborts.
        abort()
    }
    return 0
}
