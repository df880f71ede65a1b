import Glibc

/// Texts as execve(2) takes them: a list of C strings that ends in NULL, for as long as this lives.
@safe
final class CTexts {
    private let list: UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>

    init(_ texts: [String]) {
        unsafe list = UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: texts.count + 1)
        unsafe list.initialize(repeating: nil)
        for index in texts.indices { unsafe list[index] = strdup(texts[index]) }
    }

    deinit {
        for index in unsafe list.indices { unsafe free(list[index]) }
        unsafe list.deallocate()
    }

    var pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? { unsafe list.baseAddress }
}
