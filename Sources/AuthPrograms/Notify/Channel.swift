internal import Authentication

/// One way on which messages go out: by a program that is given each of them on its standard input, and in no other way.
protocol Channel: Sendable {
    var kind: ChannelKind { get }
    /// What is run for each message.
    var program: ProgramSettings { get }
    /// Whether people approve what it tells them of, and are sent no code.
    var asksForApproval: Bool { get }

    /// What an address must look like, in words; nil where this one does. Anything that could end a line, or be taken for
    /// more than one address, is none.
    func fault(of address: String) -> String?

    /// All that the program is given of a message; nil if it is longer than may be.
    func input(_ message: Message, to address: String) -> Secret?

    /// Where to ask what has come of a message that the program has sent; nil where nobody is to be asked. Throws where what
    /// it has written says that it was not sent.
    func inquiry(in output: ProgramOutput, after purpose: Message.Purpose) throws(ContractFault) -> String?
}

extension Channel {
    var asksForApproval: Bool { false }
    func inquiry(in output: ProgramOutput, after purpose: Message.Purpose) throws(ContractFault) -> String? { nil }

    /// Whether a text is one word of printable ASCII, without what quotes or separates anywhere.
    static func isWord(_ text: String, longest: Int) -> Bool {
        (1...longest).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: ","),
                    UInt8(ascii: ";"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"):
                    false
                case _: (0x21...0x7E).contains(byte)
                }
            }
    }
}

/// The text that confirms a new address, whatever the channel.
enum SetupText {
    static let template = MessageTemplate(
        "{code} confirms that {account} gets messages about logins to {machine} here. If you do not know of it, ignore it."
    )
}
