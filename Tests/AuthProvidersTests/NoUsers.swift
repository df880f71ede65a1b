import Authentication

/// For providers that keep no users: whoever asks it hears that it cannot tell.
let noUsers = NoUserDatabase(.unreachable("no provider here keeps users"))
