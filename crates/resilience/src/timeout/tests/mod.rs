mod deadline;
mod endpoints;
mod live;
mod per_call;
mod tracker;
