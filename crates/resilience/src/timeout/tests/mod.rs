mod per_call;
