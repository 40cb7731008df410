/// Calls a macro for every tuple of policies that there is, 1 to 12 of them, with the names of its type parameters.
macro_rules! for_each_arity {
    ($of_tuple:ident) => {
        $of_tuple!(A);
        $of_tuple!(A B);
        $of_tuple!(A B C);
        $of_tuple!(A B C D);
        $of_tuple!(A B C D E);
        $of_tuple!(A B C D E F);
        $of_tuple!(A B C D E F G);
        $of_tuple!(A B C D E F G H);
        $of_tuple!(A B C D E F G H I);
        $of_tuple!(A B C D E F G H I J);
        $of_tuple!(A B C D E F G H I J K);
        $of_tuple!(A B C D E F G H I J K L);
    };
}
pub(crate) use for_each_arity;
