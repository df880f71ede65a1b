import ArgumentParser

/// The name of a PAM service as it is typed: what may be a file's name in /etc/pam.d and nothing else.
struct ServiceName: ExpressibleByArgument, Equatable {
    let text: String

    /// Nil for what leads out of the folder, or is no service's name.
    init?(argument: String) {
        guard ServiceName.isOne(argument), !argument.hasPrefix("."), !argument.hasPrefix("-") else { return nil }
        text = argument
    }

    /// Whether these are a service's characters: 1 to 64 of them.
    static func isOne(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
                    UInt8(ascii: "+"), UInt8(ascii: "@"):
                    true
                case _: false
                }
            }
    }
}
